"""Results for people and programs: texts, tables, progress, manual pages."""
