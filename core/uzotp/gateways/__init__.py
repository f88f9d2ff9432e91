"""Services that send SMS. Each module is imported by its own name, when it is used."""

from uzotp._lazy import moved

moved("uzotp.gateways.http", "uzotp.http.service")
