"""Systems where `vtspolicy receive` answers: the protocol, and its two sides."""
