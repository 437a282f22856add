"""Systems: what holds vaults. One contract, met by this machine, by a receiver over SSH, by plain SFTP, in memory."""
