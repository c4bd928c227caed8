"""What explorers show and ask for."""

from __future__ import annotations

EXPLORE = {
    # guess
    "Round {number} of {rounds}.": "第 {number}/{rounds} 轮。",
    "You are bob, and get {view}. Was the secret 4 or 7?": "你是 bob，收到 {view}。秘密是 4 还是 7？",
    "{score} of {rounds} bets were right so far.": "目前猜对 {score} 次，共 {rounds} 次。",
    "{score} of {rounds} bets were right: {percent:.0f} %.": "{rounds} 次中猜对 {score} 次，即 {percent:.0f}%。",
    "Who tosses a coin does as well in {percent:.2g} % of such games.": (
        "靠抛硬币来猜，有 {percent:.2g}% 的机会得到同样或更好的成绩。"
    ),
    "Right: it was {secret}.": "猜对了：秘密是 {secret}。",
    "Wrong: it was {secret}.": "猜错了：秘密是 {secret}。",
    "right": "对",
    "wrong": "错",
    "round": "通信轮",
    "bob got": "bob 收到",
    "bet": "猜测",
    "it was": "秘密",
    "so the bet was": "结果",
    "The latest rounds": "最近几轮",
    (
        "A score near one half proves nothing, as there may be a better way to bet. A score that a coin hardly ever "
        "has proves that what bob gets reveals something. To be secure means that no way of betting has one."
    ): (
        "成绩接近一半说明不了问题，也许有更好的猜法；抛硬币几乎不可能得到的成绩则证明，bob 收到的内容泄露了信息。"
        "所谓安全，就是任何猜法都得不到这样的成绩。"
    ),
    "bet on {secret}": "猜 {secret}",
    "Bets of somebody who always takes the number that is nearer (where the notebook runs, you bet)": (
        "示例：总是猜离得更近的数（在运行中的 notebook 里由你来猜）"
    ),
    "shares": "分片",
    "bets": "猜测次数",
    "percent": "百分比",
    "Shares": "分享方式",
    "proper: x - r; broken: x plus a noise of at most 1": "proper：x - r；broken：x 加上至多为 1 的噪声",
    "Rounds": "轮数",
    "how many bets": "猜多少次",
    "New game": "新的一局",
    # same view
    "Find again": "再找一次",
    "Bob's column": "bob 的列",
    "four numbers that bob might have, such as 3, 1, 4, 1": "bob 可能拥有的四个数，例如 3, 1, 4, 1",
    "Alice gets {count} numbers, the same bit for bit, whether bob's column is {real} or {invented}": (
        "无论 bob 的列是 {real} 还是 {invented}，alice 收到的 {count} 个数都逐位相同"
    ),
    "message": "消息",
    "how many": "个数",
    "with bob's true column": "bob 的真实列",
    "with the invented one": "编造的列",
    "the first one, with bob's true column": "第一个数：bob 的真实列",
    "What alice gets, and at last her share of the model": "alice 收到的内容，最后一行是她的模型分片",
    "What alice does not see": "alice 看不到的内容",
    "row {number} of his column": "该列第 {number} 行",
    "his random number {number}": "bob 的第 {number} 个随机数",
    "and {count} more of them": "以及另外 {count} 个随机数",
    "the weight of alice's column": "alice 的列的权重",
    "the weight of bob's column": "bob 的列的权重",
    "the intercept": "截距",
    (
        "For every column of bob's there are random numbers of his with which alice gets exactly this, one choice "
        "for each column, and all choices are equally likely. So nothing that she gets speaks for one column or "
        "for another, and no computer can help her."
    ): (
        "对 bob 的每一个可能的列，都恰好有一组 bob 的随机数使 alice 收到完全相同的内容，而每一组随机数的概率都相等。"
        "因此 alice 收到的内容无法区分这些列，再强的计算机也没有用。"
    ),
    (
        "It holds for alice alone, without the TTP, which knows bob's random numbers. In a job they are stretched "
        "from a seed with AES, so there it holds for everybody who cannot break AES."
    ): (
        "这只对单独的 alice 成立：TTP 知道 bob 的随机数，因此 alice 不能与 TTP 合谋。"
        "作业中的随机数由种子经 AES 扩展得到，因此结论对无法攻破 AES 的人成立。"
    ),
    # clock
    "{sum}: it goes round once, and the clock shows {secret}": "{sum}：回绕一次，时钟指向 {secret}",
    "{sum}: it does not go round, and the clock shows {secret}": "{sum}：没有回绕，时钟指向 {secret}",
    "A clock with {hours} hours.": "有 {hours} 个刻度的时钟。",
    "sum {secret}": "和 {secret}",
    "bob's share r": "bob 的分片 r",
    "alice's share x - r": "alice 的分片 x - r",
    "their sum": "两者之和",
    "taken off, as it has gone round": "因回绕而减去",
    "taken off": "减去",
    "what the clock shows: the secret x": "时钟所指：秘密 x",
    "hours": "刻度",
    (
        "Both shares move with r, and their sum stands still. Each of them alone is at every hour equally often. "
        "Of all r, those that are larger than the secret go round: {count} of {hours}."
    ): (
        "两个分片随 r 移动，它们的和不变。单看任何一个分片，它落在每个刻度上的机会都相等。"
        "比秘密大的 r 会使和回绕：{hours} 个中有 {count} 个。"
    ),
    "Roll r": "随机取 r",
    "Secret x": "秘密 x",
    "alice's secret, an hour of the clock": "alice 的秘密，时钟上的一个刻度",
    "where on the clock bob's share is": "bob 的分片在时钟上的位置",
    "Hours": "刻度数",
    "how many hours the clock has": "时钟有多少个刻度",
    "Show a wrap": "显示回绕",
    "an r whose sum goes round": "使和回绕的 r",
    "an r that nobody has chosen": "随机的 r",
    # split
    "{value} is the integer {encoded} at fxp_bits = {bits}; shares of it: {times} times": (
        "{value} 在 fxp_bits = {bits} 时是整数 {encoded}；分享 {times} 次"
    ),
    "time": "次数",
    "alice's share": "alice 的分片",
    "bob's share": "bob 的分片",
    "sum": "和",
    "wraps": "回绕",
    "stands for": "表示的数",
    "Two shares of the same number (sums are the observer's: no party has both)": (
        "同一个数的两个分片（只有观察者能求和：没有一方同时持有两个分片）"
    ),
    (
        "Alice draws r, all 2^64 numbers being equally likely, sends r to bob and keeps x - r. Her share is as "
        "random as his."
    ): "alice 从 2^64 个数中等概率地取 r，把 r 发给 bob，自己保留 x - r。两个分片同样随机。",
    (
        "A sum of 2^64 or more wraps around: it is 2^64 too large, and the same modulo 2^64. So it is here "
        "{count} of {times} times, and it happens with chance {chance}: whenever r is above x on the ring."
    ): (
        "不小于 2^64 的和会回绕：它大了 2^64，模 2^64 后相同。这里 {times} 次中有 {count} 次回绕；"
        "只要 r 在环上大于 x 就会回绕，概率为 {chance}。"
    ),
    "Split again": "再分享一次",
    "Value": "数值",
    "the secret: any number": "秘密：任意数",
    "Times": "次数",
    "how often it is split": "分享多少次",
    "fxp_bits": "fxp_bits（小数位）",
    "fraction bits of the fixed-point number": "定点数的小数位",
    # rectangle
    "x y = {x} x {y} = {areas} = {sum}": "x y = {x} x {y} = {areas} = {sum}，即四块面积之和",
    "a is used again: whoever saw both e knows x - x' = {opened}": (
        "a 被重复使用：看到两个 e 的人就知道 x - x' = {opened}"
    ),
    "each party, its part: {open} is open, and it has a share of {mask}": (
        "双方各算自己的部分：{open} 已公开，{mask} 各有一个分片"
    ),
    "nobody: its shares come with the triple": "没有人：它的分片来自三元组",
    "both: e and f are open": "双方：e 和 f 都已公开",
    "nobody, until it is opened": "公开之前没有人",
    "whoever saw both messages": "看到两条消息的人",
    "Who can compute which area": "谁能算出哪块面积",
    "area": "面积",
    "who": "谁",
    "size": "大小",
    (
        "Move a: e moves against it, and the whole rectangle stays. In the ring a is any of 2^64 numbers, so e is, "
        "too, and tells nothing of x."
    ): "移动 a：e 随之反向变化，整个矩形不变。在环上 a 是 2^64 个数中的任意一个，因此 e 也是，不泄露 x。",
    (
        "The same a is cut off both of alice's secrets. What is left, e and e', differs by as much as the secrets "
        "do, wherever a is: a mask is good for one secret."
    ): "从 alice 的两个秘密中减去同一个 a，剩下的 e 和 e' 之差就是两个秘密之差，与 a 无关：一个掩码只能用于一个秘密。",
    "Roll a and b": "随机取 a 和 b",
    "x (alice)": "alice 的 x",
    "y (bob)": "bob 的 y",
    "x' (alice)": "alice 的 x'",
    "alice's secret": "alice 的秘密",
    "bob's secret": "bob 的秘密",
    "the mask of x": "x 的掩码",
    "the mask of y": "y 的掩码",
    "use a again": "重复使用 a",
    "another secret of alice's, with the same mask a": "alice 的另一个秘密，使用同一个掩码 a",
    # fixed point, and wraps
    (
        "{value} truncated by {shift} bits on {times} fresh pairs of shares ({kind}): errors from {low} to {high} "
        "ulp, mean {mean}"
    ): "{value} 截断 {shift} 位，共 {times} 对新分片（{kind}）：误差从 {low} 到 {high} ulp，平均 {mean}",
    "result": "结果",
    "seen": "出现次数",
    "expected": "期望次数",
    "meaning": "含义",
    "number": "数值",
    "Fixed point": "定点数",
    "Truncated on shares": "在分片上截断",
    "{off} ulp off, towards zero": "误差 {off} ulp，向零取整",
    "the same with {shift} bits more, as after a product": "同一个数，多 {shift} 位小数，如同乘法之后",
    "integer": "整数",
    "{meaning}, in 64 bits": "{meaning}，64 位",
    "shared": "被分享的数",
    "wrapped": "回绕",
    (
        "asymmetric: rank 0 rounds its share down, rank 1 rounds up: each error is below 1 ulp, and their mean is 0."
    ): "asymmetric：rank 0 的一方向下取整，rank 1 的一方向上取整：每次误差小于 1 ulp，平均为 0。",
    "symmetric: both parties round down: an error is above -2 and at most 0 ulp, and their mean is about -1.": (
        "symmetric：双方都向下取整：误差大于 -2、不超过 0 ulp，平均约为 -1。"
    ),
    (
        "ttp: the TTP helps them find out whether the shares wrap around, and tells neither: no error is "
        "above 1 ulp, and their mean is about 0."
    ): "ttp：由 TTP 协助判断分片是否回绕，双方都不会得知结果：误差不超过 1 ulp，平均约为 0。",
    "The shares wrap around with chance {chance} (|secret| / 2^64).": "分片回绕的概率为 {chance}（|秘密| / 2^64）。",
    "No shares wrap around: the chance of it is {chance}.": "分片不会回绕：概率为 {chance}。",
    "Truncate again": "再截断一次",
    "any number": "任意数",
    "Shift": "截断位数",
    "how many more fraction bits the secret has, which are cut off": "秘密多出的小数位，将被截断",
    "how many fresh pairs of shares are truncated": "截断多少对新分片",
    "Rounding": "取整方式",
    "asymmetric: rank 1 rounds up; symmetric: both round down; ttp: the TTP helps": (
        "asymmetric：rank 1 向上取整；symmetric：双方都向下取整；ttp：由 TTP 协助"
    ),
    (
        "A product of size 2^{size} with fxp_bits = {bits}: {wrapped} of {times} local truncations have wrapped, "
        "and {helped} with the TTP's help"
    ): "大小为 2^{size} 的乘积，fxp_bits = {bits}：{times} 次本地截断中回绕 {wrapped} 次，有 TTP 协助时 {helped} 次",
    "fxp_bits, and the chance of a wrap": "fxp_bits 与回绕的概率",
    "one in {times}": "{times} 次中一次",
    "A wrap has the chance {chance}.": "回绕的概率为 {chance}。",
    "at most one ulp off": "误差不超过 1 ulp",
    "wraps that are to be expected": "期望回绕次数",
    "largest error, as a number": "最大误差（数值）",
    "local": "本地截断",
    "with the TTP": "TTP 协助",
    "Local truncation, and with the TTP": "本地截断与 TTP 协助",
    (
        "The chance is size x 2^(2 fxp_bits) / 2^64: a bit more makes it four times as large. A wrap is 2^(64 - 2 "
        "fxp_bits) off, whatever the size of the product. With the TTP none can happen, at the price of messages."
    ): (
        "概率为 大小 x 2^(2 fxp_bits) / 2^64：每多一位小数，概率变为四倍。"
        "无论乘积多大，回绕的误差都是 2^(64 - 2 fxp_bits)。有 TTP 协助时不会回绕，代价是更多消息。"
    ),
    "Size 2^": "大小 2^",
    "the size of the product, as a power of two": "乘积的大小（2 的幂）",
    # network
    "With {delay} ms and {bandwidth} Mbit/s: {times}, estimated without running again": (
        "时延 {delay} ms、带宽 {bandwidth} Mbit/s：{times}（估算值，无需重新运行）"
    ),
    "waiting": "等待",
    "sending": "传输",
    "bytes of the busier direction": "较忙方向的字节数",
    "seconds waiting": "等待（秒）",
    "seconds sending": "传输（秒）",
    "together": "合计（秒）",
    "Estimated from the ledger": "根据通信记录估算",
    (
        "Waiting is rounds x delay, sending is bytes / bandwidth. Left out are the computing, what a transport "
        "adds, and the line to the TTP."
    ): "等待 = 通信轮数 x 时延，传输 = 字节数 / 带宽。未计入计算、传输层开销和到 TTP 的链路。",
    "Estimate again": "重新估算",
    "Delay in ms": "时延（ms）",
    "how long a message is on its way": "一条消息在途的时间",
    "Mbit/s": "带宽（Mbit/s）",
    "the bandwidth of each direction": "每个方向的带宽",
    # product
    "{product}, {error} ulp off (1 ulp = 2^-{bits}); x is alice's secret, y is bob's": (
        "{product}，误差 {error} ulp（1 ulp = 2^-{bits}）；x 是 alice 的秘密，y 是 bob 的秘密"
    ),
    "formula": "公式",
    "known to": "知道的人",
    "sum mod 2^64": "和（模 2^64）",
    "A product, line by line": "一次乘法，逐行展示",
    "random": "随机数",
    "a0 + a1, random": "a0 + a1，随机数",
    "b0 + b1, random": "b0 + b1，随机数",
    "c + e b + a f (alice: + e f)": "c + e b + a f（alice 再加 e f）",
    "nobody": "没有人",
    "the TTP": "可信第三方（TTP）",
    "both (opened)": "双方（已公开）",
    "the TTP, before opening": "公开前只有 TTP",
    "The TTP knows both parties' seeds, so also a and b: it told alice to add {correction} to her c.": (
        "TTP 知道双方的种子，因此也知道 a 和 b：它让 alice 在自己的 c 上加修正值 {correction}。"
    ),
    "e and f are opened, and reveal nothing: a and b are random, and used for this product alone.": (
        "e 和 f 被公开，但不泄露信息：a 和 b 是随机数，且只用于这一次乘法。"
    ),
    "Once they are open, alice knows a = x - e and bob knows b = y - f: each the mask of a secret of its own.": (
        "公开之后，alice 知道 a = x - e，bob 知道 b = y - f：都只是自己秘密的掩码。"
    ),
    "Multiply again": "再乘一次",
    "fraction bits of the fixed-point numbers": "定点数的小数位",
    "alice's secret: any number": "alice 的秘密：任意数",
    "bob's secret: any number": "bob 的秘密：任意数",
    # reused triple
    "One triple for two products: e1 - e2 is x1 - x2 = {x}, f1 - f2 is y1 - y2 = {y}": (
        "两次乘法使用同一个三元组：e1 - e2 就是 x1 - x2 = {x}，f1 - f2 就是 y1 - y2 = {y}"
    ),
    "x1 - x2 if a1 = a2": "若 a1 = a2，则为 x1 - x2",
    "y1 - y2 if b1 = b2": "若 b1 = b2，则为 y1 - y2",
    "really {number}": "实际为 {number}",
    "the triple used twice": "三元组用了两次",
    "a fresh triple each": "每次使用新的三元组",
    "What was opened, and what it reveals": "公开了什么，泄露了什么",
    (
        "Bob sees both e, so he learns how far alice's numbers are apart, and all of x2 if he knows x1. He needs "
        "no share for it. The products come out right. Alice can notice the fault, as her own part of the triple "
        "repeats; whether bob has looked, she cannot tell."
    ): (
        "bob 看到两个 e，因此知道 alice 的两个数相差多少；如果他知道 x1，就知道 x2。这不需要任何分片，而乘积仍然正确。"
        "alice 能发现这个错误，因为自己的三元组分片重复了；但 bob 有没有看过，她无从得知。"
    ),
    "x1 (alice)": "alice 的 x1",
    "x2 (alice)": "alice 的 x2",
    "y1 (bob)": "bob 的 y1",
    "y2 (bob)": "bob 的 y2",
    "alice's first secret": "alice 的第一个秘密",
    "alice's second secret": "alice 的第二个秘密",
    "bob's first secret": "bob 的第一个秘密",
    "bob's second secret": "bob 的第二个秘密",
    # one share
    "The secrets {secret} and {other}, shared {times} times each: what bob can make of his shares": (
        "秘密 {secret} 和 {other} 各分享 {times} 次：bob 能从自己的分片看出什么"
    ),
    "how it is shared": "分享方式",
    "uniform? p-value": "均匀性检验 p 值",
    "guess from one share": "由一个分片猜测",
    "from all": "由全部分片猜测",
    "off by": "误差",
    "Guessing the secret": "猜测秘密",
    "proper: x - r": "正确：x - r",
    "broken: x + noise": "错误：x + 噪声",
    "{way} (expected {expected} in each bin)": "{way}（每个区间期望 {expected} 个）",
    "from (x 2^63)": "从（x 2^63）",
    "up to": "到",
    (
        "Proper shares look the same for both secrets, as x - r is uniform if r is, whatever x is. That both have "
        "the same law is why they reveal nothing."
    ): "正确的分片对两个秘密看上去一样：只要 r 均匀，无论 x 是什么，x - r 都均匀。两者服从同一分布，所以不泄露信息。",
    (
        "The p-value is the chance that random numbers look at least as uneven: near 0, the shares are not random; "
        "very near 1, they are more even than chance. A good p-value proves nothing: the test sees how often each "
        "part of the ring is hit, not the bits below, and not whether numbers depend on each other."
    ): (
        "p 值是随机数至少同样不均匀的概率：接近 0 说明分片不随机；极接近 1 说明比随机更均匀。"
        "p 值正常并不能证明安全：检验只统计环的各个区间被命中的次数，看不到更低的位，也看不到数与数之间的依赖。"
    ),
    "Share again": "再分享一次",
    "Secret": "秘密",
    "how often each secret is shared": "每个秘密分享多少次",
    "Other secret": "另一个秘密",
    "another number, to compare the shares with": "另一个数，用来比较分片",
    "Noise": "噪声",
    "the broken shares are the secret give or take this": "错误的分片是秘密加减不超过该值的数",
    "Bins": "区间数",
    "bins of the histogram: a power of two": "直方图的区间数（2 的幂）",
    # every form
    "{again}: with fresh random numbers": "{again}：使用新的随机数",
    "{name}: result": "{name}：结果",
}
