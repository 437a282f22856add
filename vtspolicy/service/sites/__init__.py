"""Systems and vaults: who they are, whether they are trusted, whether they are frozen."""
