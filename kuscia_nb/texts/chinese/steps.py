"""A trace where no viewer is; and what happens in its steps: their kinds, and a tour of one batch."""

from __future__ import annotations

TRACE = {
    "Trace of {job}": "{job} 的轨迹",
    "Trace": "轨迹",
    "{of}: off": "{of}：已关闭",
    "{of}: {messages:,} messages": "{of}：{messages:,} 条消息",
    "{of}: {steps:,} steps, {messages:,} messages": "{of}：{steps:,} 步，{messages:,} 条消息",
    "This is the observer's trace: it has the numbers of all parties, which no party has.": (
        "这是观察者的轨迹：包含各方的全部数值，任何一方都看不到这么多。"
    ),
    'This trace has sizes only: trace="full" (%%kusciajob --trace full) records the numbers of every step.': (
        '这份轨迹只有大小：用 trace="full"（%%kusciajob --trace full）记录每一步的数值。'
    ),
    'Tracing was off: no message was listed or counted. trace="sizes" is the default.': (
        '轨迹已关闭：没有记录消息，也没有计数。默认是 trace="sizes"。'
    ),
    "There is no message in it: none was sent, or none yet.": "其中没有消息：没有发送过，或尚未发送。",
    "Repeatable run with a seed: nothing in it is secret.": "本次运行使用固定种子，结果可复现，因此不具备保密性。",
    "Left out: {what}.": "未包含：{what}。",
    "{count:,} operations from the middle of the run": "运行中段的 {count:,} 个操作",
    "{count:,} messages behind the first ones, which are counted in the totals": (
        "之后的 {count:,} 条消息（已计入总数）"
    ),
    "all but the first {shortest} elements of {count:,} arrays": "{count:,} 个数组中前 {shortest} 个元素之后的部分",
    "Messages": "消息",
    "step": "步",
    "what": "内容",
    "batch": "批次",
    "numbers": "数值",
    "seq": "序号",
    "The first of {count:,} steps; numbers modulo 2^64, the first element of each": (
        "{count:,} 步中的前几步；数值模 2^64，每个数组只显示第一个元素"
    ),
    "The first of {count:,} messages": "{count:,} 条消息中的前几条",
    "Messages {first:,} to {last:,}": "第 {first:,} 至 {last:,} 条消息",
    "{sender} to {receiver}: {what}": "{sender} 到 {receiver}：{what}",
}

STEPS = {
    # kinds
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
    "Each party on its own share, no message: h is the penalty's part of the gradient, and t is the step. The rate is"
    " learning_rate / batch_size; l2 is 0 for the intercept.": (
        "各方只在自己的分片上计算，没有消息：h 是梯度中的正则化项，t 是更新量。rate = 学习率 / 批大小；截距的 l2 为 0。"
    ),
    # the tour
    "A product of two secrets begins with a message: each party sends a share minus a fresh random number, the mask.": (
        "两个秘密值相乘，先要发一条消息：双方各自把分片减去一个新的随机数（掩码）再发送。"
    ),
    "What does {me} learn from the number that {peer} sends?": "{me} 能从 {peer} 发来的数中得知什么？",
    "Nothing. {me} does not know the mask, so every share of {peer}'s is as likely as it was before.": (
        "什么也得不到。{me} 不知道掩码，{peer} 的分片取任何值的可能性都和之前一样。"
    ),
    "Does the TTP see this message?": "TTP 能看到这条消息吗？",
    "No, it goes from party to party. The TTP knows the masks, and never sees what they are taken from.": (
        "不能，消息在双方之间传递。TTP 知道掩码，但看不到用掩码掩藏的数。"
    ),
    "The weights begin at 0. Are the first messages 0, too?": "权重从 0 开始。最先发送的消息也是 0 吗？",
    "No: 0 minus a mask is as random as the mask. Compare s, v and m in the table.": (
        "不是：0 减去掩码，和掩码一样随机。请对比表中的 s、v 和 m。"
    ),
    "Each party makes its share z of the product from what came and what was prepared. No message.": (
        "双方各自用收到的数和预处理好的数，算出乘积的分片 z。没有消息。"
    ),
    "Does {me} know a prediction now?": "{me} 现在知道某个预测值吗？",
    "No. {me} has one share of each; without {peer}'s share it is a random number.": (
        "不知道。每个预测值 {me} 只有一个分片；没有 {peer} 的分片，它只是一个随机数。"
    ),
    "What does the TTP learn of the product?": "TTP 能得知乘积的什么？",
    "Nothing. It has only helped before, with shares of products of masks.": (
        "什么也得不到。TTP 只在之前提供过掩码乘积的分片。"
    ),
    "Add both parties' z: what should come out?": "把双方的 z 相加，应当得到什么？",
    "The product of the secrets. See “both, added” in the table, with numbers in fixed point.": (
        "两个秘密值的乘积。请把数值切换为定点数，查看表中的“双方之和”。"
    ),
    "On the way to the error, prediction minus label. Who has the label puts in y - 1/2, the other party 0 - 0.": (
        "计算误差：预测值减去标签。标签所有者的分片来自 y − 1/2，对方的分片来自 0 − 0。"
    ),
    "Does the label tell its owner the error?": "标签的所有者能由标签得知误差吗？",
    "No. The error is prediction minus label, and the prediction stays in two shares.": (
        "不能。误差是预测值减去标签，而预测值始终拆成两个分片。"
    ),
    "Whose label is it? Can the TTP tell?": "标签属于哪一方？TTP 看得出来吗？",
    "Not from here: it sees masks and lengths, and no data.": "从这里看不出来：TTP 只看到掩码和长度，看不到数据。",
    "All weights are 0. What is the error of a row with label 1?": "权重都是 0。标签为 1 的样本，误差是多少？",
    "A half for the prediction, minus 1: -0.5. In fixed point both shares add up to it, but for a rounding.": (
        "预测值是一半，减去 1，得 −0.5。用定点数显示时，双方的分片之和就是它，只差一次舍入。"
    ),
    "The second product of the batch, columns times errors, gives the gradient. It had a message of its own.": (
        "本批次的第二个乘积：特征列乘以误差，得到梯度。这次乘法另有一条消息。"
    ),
    "Why did its message need a new mask?": "这条消息为什么要用新的掩码？",
    "With one mask for two numbers, {me} could subtract the messages and learn how {peer}'s two shares differ.": (
        "如果两个数用同一个掩码，{me} 把两条消息相减，就能得知 {peer} 的两个分片相差多少。"
    ),
    "What would the TTP and one party know together?": "TTP 与其中一方合谋，能得知什么？",
    "The other party's shares, as mask and message add up to them, and with them the errors and weights. So the"
    " TTP must not work together with a party.": (
        "掩码加上消息就是另一方的分片，由此可得误差和权重。所以 TTP 不能与任何一方合谋。"
    ),
    "Would other data change how many bytes were sent?": "换一份数据，发送的字节数会变吗？",
    "No. Only lengths and parameters decide that, and both parties know them.": (
        "不会。字节数只取决于长度和参数，这些双方都知道。"
    ),
    "The update. Rate and penalty are public, so each party moves its own share. Compute a line yourself.": (
        "更新权重。学习率和正则化系数是公开的，双方各自更新自己的分片。请自己验算一行。"
    ),
    "Does {me} know a weight of the model now?": "{me} 现在知道模型的某个权重吗？",
    "No, not even of a column of {me}'s own: {me} has one share of each.": (
        "不知道，连 {me} 自己特征列的权重也不知道：每个权重 {me} 只有一个分片。"
    ),
    "What has the TTP learned from the whole batch?": "整个批次下来，TTP 得知了什么？",
    "How many rows and columns it has. Nothing of data, errors or weights.": (
        "批次有多少行、多少列。数据、误差和权重都不知道。"
    ),
    "The weights were 0. What are they now?": "权重原来是 0，现在是多少？",
    "Minus rate times gradient, below “both, added” at w'. With numbers in fixed point you can check it by hand.": (
        "学习率乘以梯度，再取负，见 w' 的“双方之和”。把数值切换为定点数，就能手工验算。"
    ),
}
