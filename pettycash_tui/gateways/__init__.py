"""How money leaves: cash, bank file, M-Pesa; one protocol, one file each."""
