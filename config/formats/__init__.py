"""How numbers are written where Django and browsers do not agree: a page has numbers of both."""
