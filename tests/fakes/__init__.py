"""Stand-ins for remote services; they speak the real wire format."""
