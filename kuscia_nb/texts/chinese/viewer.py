"""What the viewer of traces says, and the kinds of steps in it: {name} is a hole."""

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
    "epoch {e}, batch {b}": "轮次 {e}，批次 {b}",
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
    "Keys: ← → step, Page Up/Down batch, Home End, Space play, 1–4 seen by, F numbers": (
        "按键：← → 单步，Page Up/Down 批次，Home End，空格 播放，1–4 视角，F 数值"
    ),
    "Keys: ← → step, Home End, Space play": "按键：← → 单步，Home End，空格 播放",
    "{n} steps are not in this view": "有 {n} 步不在此视图中",
    "Told to the TTP: {list}": "告知 TTP：{list}",
    "counter {c}, {n} elements": "计数器 {c}，{n} 个元素",
    "{where}: {title}, {op}. Seen by {lens}.": "{where}：{title}，{op}。视角：{lens}。",
    "…": "…",
    # kinds of steps
    "Seed to the TTP": "把种子交给 TTP",
    "Each party gives the TTP a fresh 16-byte seed for its parts of triples. The trace does not have it.": (
        "双方各把一个新的 16 字节种子交给 TTP，用来生成三元组分片。轨迹记录里没有种子。"
    ),
    "Message": "消息",
    "A message from party to party: terms, shapes or a seed. Its content is not in the trace.": (
        "双方之间的消息：参数、形状或种子。轨迹记录里没有内容。"
    ),
    "Exchange": "交换",
    "Both parties send something.": "双方互相发送数据。",
    "Private input": "私有输入",
    "The owner's share is the value itself, the peer's is zero; nothing is sent.": (
        "所有者的分片就是数据本身，对方的分片是零；不发消息。"
    ),
    "Public value as shares": "把公开值变成分片",
    "Both know both seeds of these random numbers: this changes the form, it hides nothing.": (
        "双方都知道这两个种子：这只改变形式，并不隐藏什么。"
    ),
    "Beaver triple": "Beaver 三元组",
    "Both draw their parts of a, b and c from their own seeds; the TTP draws them again and tells one party the "
    "correction d, so that a · b = c.": (
        "双方各自用种子生成 a、b、c 的分片；TTP 重新生成它们，并把修正值 d 发给其中一方，使 a · b = c。"
    ),
    "Open x - a": "公开 x − a",
    "x is masked by the random a; both send their part, and both learn e, which says nothing about x.": (
        "用随机数 a 掩藏 x；双方发送各自的分片并得到 e，e 不泄露 x。"
    ),
    "Open y - b": "公开 y − b",
    "y is masked by the random b; both send their part, and both learn g, which says nothing about y.": (
        "用随机数 b 掩藏 y；双方发送各自的分片并得到 g，g 不泄露 y。"
    ),
    "Product from the triple": "用三元组合成乘积",
    "From what was opened and its part of the triple each party computes its share of the product: no message.": (
        "双方用公开的 e、g 和自己的三元组分片在本地算出乘积的分片，不发消息。"
    ),
    "Truncate": "截断",
    "Each party shifts its own share to the right: rank 0 rounds down, rank 1 up. No message.": (
        "双方各自把分片右移：rank 0 的一方向下取整，rank 1 的一方向上取整。不发消息。"
    ),
    "Pair for a truncation": "为截断准备的随机数对",
    "Each party draws a number a of its own and its part of c; the TTP draws them again and tells one party the "
    "correction d, so that the product of both a is the sum of both c.": (
        "双方各自生成自己的 a 和 c 的分片；TTP 重新生成它们，并把修正值 d 发给其中一方，使双方的 a 之积等于双方的 c "
        "之和。"
    ),
    "Send a masked bit": "发送带掩码的最高位",
    "The two shares wrap around 2^64 if the top bit u of both is 1. Each sends its bit, masked by its random a.": (
        "双方最高位 u 都是 1 时，分片之和才会回绕 2^64。双方各发送自己的最高位，用随机数 a 遮住。"
    ),
    "Truncate with the TTP's help": "借助 TTP 截断",
    "m is a share of the product of both bits: whether the shares wrap. Each shifts its share and takes the wrap "
    "away: the result is less than a unit off, never by a wrap.": (
        "m 是两个最高位之积的分片，表示分片之和是否回绕。双方各自右移分片并减去回绕：误差小于一个单位，绝不会因回绕而"
        "出错。"
    ),
    "Open a secret": "公开秘密值",
    "Both send their share, and both learn the sum: this is where a secret becomes known.": (
        "双方发送分片并得到总和：秘密值在这里被公开。"
    ),
    "Mask the columns": "给各自的列加掩码",
    "Each party sends its columns once, masked by random A; F serves all products of this block.": (
        "双方各发送一次以随机数 A 为掩码的列；F 供这一块的所有乘积使用。"
    ),
    "Vectors for a block of products": "为一块乘积准备的向量",
    "Each party draws a mask v for its share; the TTP makes both parts of A v; F v is added beforehand.": (
        "双方各生成分片的掩码 v；TTP 给出 A v 的两个分片；F v 预先加上。"
    ),
    "Send a masked share": "发送带掩码的分片",
    "Each party sends its share for the peer's columns, masked by its random v.": (
        "双方发送对应对方列的分片，用随机数 v 作掩码。"
    ),
    "Product with own columns": "与己方特征列相乘",
    "Each party multiplies its own columns with its share plus what the peer sent, and adds what was prepared.": (
        "己方特征列 ×（己方分片 + 对方发来的掩码值）+ 预处理得到的 q。"
    ),
    "Product with a public vector": "与公开向量相乘",
    "Each party on its own share: no message.": "双方各自在自己的分片上计算，不发消息。",
    "Times a public number, truncated": "乘公开数并截断",
    "Add": "相加",
    "Subtract": "相减",
    "Negate": "取负",
    "Add a public value": "加公开值",
    "Subtract a public value": "减公开值",
    "Subtract from a public value": "公开值减去秘密值",
    "Times a public value": "乘公开值",
    "Blind own ids": "盲化自己的 ID",
    "Each party multiplies the points of its hashed ids, H, with its secret number, and sends them in a random "
    "order: to the peer they are random points. The first 8 of each point's 32 bytes are shown.": (
        "双方各自把 ID 哈希成曲线上的点 H，乘以自己的秘密数，并按随机顺序发送：对方看到的是随机点。只显示每个点 32 字"
        "节中的前 8 字节。"
    ),
    "Blind the peer's points": "盲化对方的点",
    "Each party multiplies what the peer has sent, Q, with its own secret number, and sends it back.": (
        "双方各自把对方发来的点 Q 乘以自己的秘密数，再发回去。"
    ),
    "Compare": "比较",
    "An id that both have is the same point by now, as it does not matter who was the first to multiply it: C are "
    "the points that both have.": "双方都有的 ID 此时是同一个点，因为谁先乘并不影响结果：C 是双方共有的点。",
    "Times a whole number": "乘整数",
    "Add a public multiple": "加上公开倍数",
    "Take the step": "更新权重",
    "Update the weights": "更新权重",
}
