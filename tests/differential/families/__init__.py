"""The builtins by family, each with how its operands are drawn."""

from __future__ import annotations

from collections.abc import Mapping

from tests.differential.draw import Operands
from tests.differential.families import (
    aws,
    collections,
    encodings,
    globs,
    graphqls,
    json_docs,
    networks,
    numbers,
    patterns,
    schemas,
    strings,
    templates,
    times,
    tokens,
    x509,
    yamls,
)

FAMILIES: Mapping[str, Mapping[str, Operands]] = {
    **aws.FAMILIES,
    **collections.FAMILIES,
    **encodings.FAMILIES,
    **globs.FAMILIES,
    **graphqls.FAMILIES,
    **json_docs.FAMILIES,
    **networks.FAMILIES,
    **numbers.FAMILIES,
    **patterns.FAMILIES,
    **schemas.FAMILIES,
    **strings.FAMILIES,
    **templates.FAMILIES,
    **times.FAMILIES,
    **tokens.FAMILIES,
    **x509.FAMILIES,
    **yamls.FAMILIES,
}
