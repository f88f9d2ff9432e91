"""Services that send SMS: a folder or module for each, found by the name it declares (:mod:`uzotp.gateways.base`)."""

from uzotp._lazy import moved

moved("uzotp.gateways.http", "uzotp.http.service")
