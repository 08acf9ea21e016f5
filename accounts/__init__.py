"""Who may do what: users, groups, API tokens, stored secrets and the audit log."""
