"""Vaults in file systems of the machine that runs this: reading and publishing beneath file descriptors."""
