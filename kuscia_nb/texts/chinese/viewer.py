"""What the viewer of traces says: {name} is a hole."""

from __future__ import annotations

VIEWER = {
    "Trace of {job}": "{job} 的轨迹",
    "Trace": "轨迹",
    "Protocol trace": "协议轨迹",
    "step {i}, the last is {n}": "第 {i} 步，最后一步是 {n}",
    "message {i}, the last is {n}": "第 {i} 条消息，最后一条是 {n}",
    "Observer's trace: it has the numbers of all parties. A lens only covers them; they are in this page.": (
        "观察者的轨迹：包含各方的全部数值。视角只是隐藏它们，数据仍在本页面中。"
    ),
    'Sizes only: --trace full (in Python trace="full") records the numbers of every step.': (
        '只有大小：用 --trace full（Python 中 trace="full"）记录每一步的数值。'
    ),
    "Repeatable run with a seed: nothing in it is secret.": "本次运行使用固定种子，结果可复现，因此不具备保密性。",
    "Not in this view: {n} steps from the middle of their tasks; trace.steps has them.": (
        "此视图中没有各任务中段的 {n} 步，trace.steps 里有。"
    ),
    "Not in this view: {n} messages from the middle of their tasks; trace.messages has them.": (
        "此视图中没有各任务中段的 {n} 条消息，trace.messages 里有。"
    ),
    "Of each array the first {k} elements are here; the trace keeps more.": (
        "这里每个数组只有前 {k} 个元素，轨迹中有更多。"
    ),
    "Of each array the first element is here; the trace keeps more.": "这里每个数组只有第一个元素，轨迹中有更多。",
    "Not kept: {n} operations from the middle of the run.": "未保留：运行中段的 {n} 个操作。",
    "{n} later messages are counted, not listed.": "之后的 {n} 条消息只计数，未列出。",
    "First step": "第一步",
    "Step back": "后退一步",
    "Play": "播放",
    "Pause": "暂停",
    "Step forward": "前进一步",
    "Last step": "最后一步",
    "Step by step": "逐步浏览",
    "Position in the trace": "在轨迹中的位置",
    "Batch": "批次",
    "outside of training": "训练之外",
    "batch {b}": "批次 {b}",
    "epoch {e}, batch {b}": "训练轮次 {e}，批次 {b}",
    "{place}, task {task}": "{place}，任务 {task}",
    "Go to next": "跳到下一个",
    "choose an operation": "选择操作",
    "Seen by": "视角",
    "observer": "观察者",
    "TTP": "TTP",
    "Numbers": "数值",
    "ring": "环",
    "fixed point": "定点数",
    "Element": "元素",
    "hidden": "不可见",
    "both": "双方",
    "Formulas": "公式",
    "Messages": "消息",
    "name": "名称",
    "of": "属于",
    "shape": "形状",
    "first elements": "前几个元素",
    "both, added": "双方之和",
    "from": "发送方",
    "to": "接收方",
    "what": "内容",
    "bytes": "字节",
    "content": "数值",
    "round": "轮",
    "not in the trace": "轨迹中没有",
    "no message": "没有消息",
    "Nothing is computed.": "没有计算。",
    "No numbers.": "没有数值。",
    "computes": "计算",
    "Sequence diagram around the current step": "当前步骤附近的时序图",
    "Kinds of steps around the current one: TTP, messages, local": "当前步骤附近的步骤种类：TTP、消息、本地",
    "Keys: ← → step, Page Up/Down batch, Home End, Space play, 1–4 seen by, F numbers, T tour": (
        "按键：← → 单步，Page Up/Down 批次，Home End，空格 播放，1–4 视角，F 数值，T 导览"
    ),
    "Keys: ← → step, Home End, Space play": "按键：← → 单步，Home End，空格 播放",
    "Tour": "导览",
    "Guided tour (T)": "分步导览（T）",
    "Tour: {i} of {n}": "导览：第 {i} 站，共 {n} 站",
    "Back in the tour": "上一站",
    "On with the tour": "下一站",
    "{who} is asked: ": "提问{who}：",
    "Answer": "答案",
    "{n} steps are not in this view": "有 {n} 步不在此视图中",
    "Told to the TTP: {list}": "告知 TTP：{list}",
    "counter {c}, {n} elements": "计数器 {c}，{n} 个元素",
    "{where}: {title}, {op}. Seen by {lens}.": "{where}：{title}，{op}。视角：{lens}。",
    "…": "…",
}
