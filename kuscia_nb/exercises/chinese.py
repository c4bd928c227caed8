"""The exercises' texts in Chinese, for the notebooks that there are in Chinese."""

from __future__ import annotations

CHINESE = {
    # every exercise
    "Exercise {name}: right.": "练习 {name}：正确。",
    "Exercise {name}: not yet.": "练习 {name}：还不对。",
    "Exercise {name}: not answered yet.": "练习 {name}：尚未作答。",
    "Put your answer in place of ... and run the cell again.": "请把 ... 换成你的答案，再运行一次单元格。",
    "It cannot be checked: {error}": "无法检查：{error}",
    "Hint {number} of {count}: {hint}": "提示 {number}/{count}：{hint}",
    "A number is asked for, and this is {answer!r}.": "这里需要一个数，而答案是 {answer!r}。",
    "A number is asked for, and this is a {kind}.": "这里需要一个数，而答案的类型是 {kind}。",
    "A function is asked for, and this is a {kind}.": "这里需要一个函数，而答案的类型是 {kind}。",
    "Called with ({shown}), it raises {error}.": "以 ({shown}) 调用时抛出 {error}。",
}
