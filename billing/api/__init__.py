"""The API for the MSP's own invoicing: what it answers, and its description."""
