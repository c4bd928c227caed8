"""What the names of columns give away: ids and labels are called so nearly everywhere."""

from __future__ import annotations

import re

_ID = re.compile(
    r"#|no\.|idx|index|(row|case)[ _.-]?(id|no|nr|num|number|names?|index)?|unnamed: ?\d+(\.\d+)*|level_0"
    r"|(.*[ _.-])?(u|uu|gu)?id|(user|customer|client|person|member|account|patient|card|cust|sample|record)id"
    r"|.*编号|序号|行号|索引|手机号?|身份证号?|.*号码|(.*[^a-z])?id"
)
_CAMEL = re.compile(r".*[a-z](Id|ID)")
_LABEL = re.compile(r"y|y_?true|labels?|targets?|标签|目标(变量)?")


def is_id(name: str) -> bool:
    """Whether a column of this name, or without one, tells which row it is: id, index, user_id, Unnamed: 0, 编号."""
    return not name or bool(_ID.fullmatch(name.lower()) or _CAMEL.fullmatch(name))


def is_label(name: str) -> bool:
    """Whether a column of this name is what a model has to find: y, label, target."""
    return bool(_LABEL.fullmatch(name.lower()))
