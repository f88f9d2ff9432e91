"""Django REST framework: a permission and two serializer fields for what needs a verified phone.

::

    class TransferView(APIView):
        permission_classes = [IsAuthenticated, HasProof.of("operation", user_field="phone")]   # X-Phone-Proof: …

    class SignUpSerializer(RedeemsProofs, serializers.Serializer):
        name = serializers.CharField()
        proof = ProofField("registration")          # validated_data["proof"] is the Phone

A proof is what ``POST verify`` gives, good once. The permission takes it from a header, for it is asked before a body
is read, and a body of any kind may follow; the field takes it from the body. Neither belongs into an address: those
are logged, and a proof names the phone. With drf-spectacular both are in the schema: see :mod:`.schema`.
"""

from __future__ import annotations

from importlib.util import find_spec

from django_uzotp.contrib.drf.permissions import HEADER, HasProof
from django_uzotp.contrib.drf.serializers import PhoneField, ProofField, RedeemsProofs

__all__ = ["HEADER", "HasProof", "PhoneField", "ProofField", "RedeemsProofs"]

if find_spec("drf_spectacular"):
    import django_uzotp.contrib.drf.schema  # noqa: F401
