"""What happened: the event log, and the message ledger as a frame. Everything that is shown is a fold over these."""
