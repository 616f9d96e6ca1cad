"""Log-ins and tokens, for the tests that need more than a `Person`."""

import base64
import hashlib

from parley import PASSWORD


def log_in(server, name, password=PASSWORD, **options):
    return server.request("POST", "/auth/login", json={"username": name, "password": password}, **options)


def refresh(server, token):
    return server.request("POST", "/auth/refresh", json={"refreshToken": token})


def me(server, token):
    return server.request("GET", "/auth/me", headers={"Authorization": f"Bearer {token}"})


def weaken(server, person):
    """Gives a person's password a hash that is fast to check, until they log in."""
    salt = b"0123456789abcdef"
    weak = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=1 << 10, r=8, p=1, dklen=32)
    encoded = f"$scrypt$ln=10,r=8,p=1${base64.b64encode(salt).decode()}${base64.b64encode(weak).decode()}"
    server.sql("UPDATE passwords SET hash = %s WHERE user_id = %s", encoded, person.id)
