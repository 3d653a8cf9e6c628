"""Sign-in on top of django-allauth: passwords, factors, Microsoft Entra, sessions, limits."""
