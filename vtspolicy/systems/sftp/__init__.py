"""Systems that are reached by plain SFTP: the protocol, and the same publish by its means."""
