"""The parameters of ecdh_psi: those of the interconnection standard's suite (spec: bfia §4, §6), and the id column."""

from __future__ import annotations

from ..parameter import FILE, Parameter, enum, form, one_of, whole

_COLUMN = form("the name of a column", r"\S(.*\S)?")
_FIELD = form("the name of one column", r"[^\s,]([^,]*[^\s,])?")
_STRATEGIES = ("try_and_increment", "try_and_rehash")
_FORMATS = ("x962_compressed", "x962_uncompressed", "x962_hybrid")

PARAMETERS = (
    *FILE,
    Parameter("id_column", _COLUMN, None, "", "the column with this party's ids, if it is not field_names", own=True),
    Parameter("field_names", _FIELD, "id", "", "the column with the ids"),
    Parameter("skip_rows", whole(0), "1", "lines", "how many lines come before the first row of a data file"),
    Parameter("result_to_rank", one_of("-1", "0", "1"), "-1", "rank", "who gets the result; -1: both parties"),
    Parameter("algo", enum("ecdh_psi"), "ecdh_psi", "", "the algorithm"),
    Parameter("protocol_families", enum("ecc", "ss", "phe"), "ecc", "", "what it computes with: an elliptic curve"),
    Parameter("curve_type", enum("curve25519", "sm2", "ed25519"), "curve25519", "", "the curve"),
    Parameter("hash_type", enum("sha_256", "sm3"), "sha_256", "", "the hash of an id"),
    Parameter(
        "hash2curve_strategy",
        enum("direct_hash_as_point_x", *_STRATEGIES),
        "direct_hash_as_point_x",
        "",
        "how a hash becomes a point: it is taken for its x",
    ),
    Parameter("point_octet_format", enum("uncompressed", *_FORMATS), "uncompressed", "", "how a point travels: its x"),
    Parameter("bit_length_after_truncated", enum("-1"), "-1", "bits", "points are compared whole"),
)

AGREED = ("curve_type", "hash_type", "hash2curve_strategy", "bit_length_after_truncated", "result_to_rank")
"""What both parties have to have alike; the others are each one's own business."""
