"""The texts of the exercises 6.1 to 11.3 in Chinese."""

from __future__ import annotations

LATER_EXERCISES = {
    # 6.1
    "A product of an m x k matrix with a vector opens m * k + k numbers, and each party sends its share of "
    "every one.": ("m x k 矩阵与向量相乘，要公开 m * k + k 个数，双方都要发送每个数的分片。"),
    "A batch has two products: X w with 50 x 6 numbers and 6, and X^T r with 6 x 50 numbers and 50.": (
        "每个批次有两次乘法：X w 涉及 50 x 6 个数和 6 个数，X^T r 涉及 6 x 50 个数和 50 个数。"
    ),
    "The very first X w of the job opens nothing, because its weights are public zeros. Rows that are left over are not"
    " used.": "作业的第一个 X w 不公开任何数，因为权重是公开的 0。不足一个批次的行不会使用。",
    "The whole batch travels twice, masked anew, in both directions. With preprocessed a batch sends only weights "
    "and errors, less than a tenth of that; the columns go over once.": (
        "整个批次要发送两遍，每遍换新的掩码，而且是双向的。"
        "preprocessed 每批只发送权重和误差，不到其十分之一；特征列只发送一次。"
    ),
    "This is one direction; both parties send.": "这只是一个方向；双方都要发送。",
    "This is how many numbers are sent; each has 8 bytes.": "这是发送的数的个数；每个数 8 字节。",
    "The very first product is with weights that both know: it opens nothing.": (
        "第一次乘法的权重是双方都知道的，不公开任何数。"
    ),
    "A batch has two products, and this has only X w.": "每个批次有两次乘法，这里只有 X w。",
    "A batch has two products, and this has only X^T r.": "每个批次有两次乘法，这里只有 X^T r。",
    "The constant column is a column, too.": "常数列也是一列。",
    "The second epoch opens everything again, with new triples.": "第二轮会用新的三元组把一切重新公开一遍。",
    "For {rows:,} rows and num_epoch = {epochs}: ": "{rows:,} 行、num_epoch = {epochs} 时：",
    "{asked}{mistake}": "{asked}不对。{mistake}",
    "{asked}the rows behind the last whole batch are not used.": "{asked}最后一个完整批次之后的行不会使用。",
    "{asked}this gives {value:,.0f}, and it is less.": "{asked}得到 {value:,.0f}，偏大。",
    "{asked}this gives {value:,.0f}, and it is more.": "{asked}得到 {value:,.0f}，偏小。",
    # 6.2
    "Alice sees F of bob, and the TTP sees A of bob. F = X - A.": "alice 看到 bob 的 F，TTP 看到 bob 的 A。F = X - A。",
    "rows(7) of a view is a list; each row has a name, whose it is (of), and its elements (ring).": (
        "视角的 rows(7) 是一个列表；每行有名字（name）、所有者（of）和各元素（ring）。"
    ),
    "Add the elements of F and A modulo 2**64. What is 2**63 or more stands for a negative number; divide by 2**18.": (
        "把 F 和 A 的元素模 2**64 相加。不小于 2**63 的数表示负数；再除以 2**18。"
    ),
    "One addition for each cell, and a whole column of bob's is open to them. This is why the TTP must not collude "
    "with a party, and why it never gets to see the messages between them.": (
        "每个数只需一次加法，bob 的整列就暴露给了他们。因此 TTP 不能与任何一方合谋，也绝不能看到双方之间的消息。"
    ),
    "This is alice's own column.": "这是 alice 自己的列。",
    "These are integers in the ring; a cell is that many units of 2^-18.": "这些是环里的整数，还要乘以 2^-18。",
    "What is 2^63 or more stands for a negative number, and sums are taken modulo 2^64.": (
        "不小于 2^63 的数表示负数，而且要模 2^64 求和。"
    ),
    "All cells are between -1 and 1. These numbers still have a mask, or not the right one.": (
        "文件里的数都在 -1 和 1 之间。这些数还带着掩码，或者减错了掩码。"
    ),
    "Bob's column is another one.": "bob 的列不是这样。",
    "A list of numbers is asked for, and this is of type {kind}.": "这里需要一个数的列表，而返回值的类型是 {kind}。",
    "A column of {count} numbers is asked for, and this has the shape {shape}.": (
        "这里需要一列 {count} 个数，而返回值的形状是 {shape}。"
    ),
    # 6.3
    "Two messages that cross each other are one round, and take 50 ms together.": (
        "同时发出、方向相反的两条消息是一轮通信，一共 50 毫秒。"
    ),
    "There are 200 * 10 batches, with two rounds each, or four.": "一共 200 * 10 个批次，每批两轮或四轮通信。",
    "200 and 400 seconds, whatever the bandwidth (the first batch of interconnection saves a tenth of a second). "
    "Batches of twice the size would halve both.": (
        "200 秒和 400 秒，与带宽无关（interconnection 的第一个批次省下十分之一秒）。批大小加倍，两者都减半。"
    ),
    "Two numbers are asked for: with preprocessed, and with interconnection.": (
        "这里需要两个数：preprocessed 的和 interconnection 的。"
    ),
    "These are the right numbers in the wrong order.": "两个数都对，但顺序反了。",
    "With {strategy}: {mistake}": "采用 {strategy} 时：{mistake}",
    "this is twice the time; messages that cross each other are on their way at the same time.": (
        "这是两倍的时间；方向相反的消息是同时传送的。"
    ),
    "this is one epoch.": "这只是一轮训练的时间。",
    "these are milliseconds.": "这是毫秒数。",
    "this is the number of rounds, and each takes 50 ms.": "这是通信轮数，每轮 50 毫秒。",
    "this is one batch of each epoch.": "这里每轮训练只算了一个批次。",
    "a batch has twice as many rounds.": "每个批次的通信轮数是这里的两倍。",
    "it is less.": "答案偏大。",
    "it is more.": "答案偏小。",
    # 7.1
    "How many ulp is 0.0003 / 50? With 18 bits, for example: 0.000006 * 2**18 = 1.57, which is used as 2.": (
        "0.0003 / 50 是多少 ulp？例如小数位为 18 时：0.000006 * 2**18 = 1.57，实际按 2 使用。"
    ),
    "Try one number of bits after the other, and compare the rounded number of ulp with the exact one.": (
        "逐个尝试小数位数，比较舍入后的 ulp 数与精确值。"
    ),
    "More bits do not always help: what counts is how near to a whole number the rate comes.": (
        "位数多不一定更好：关键是步长离整数个 ulp 有多近。"
    ),
    "6e-06 is 25.2 ulp with 22 bits and used as 25. It is nearly 5 % low with 19 or 20 bits, 3 % high with 21.": (
        "小数位为 22 时，6e-06 是 25.2 ulp，按 25 使用。19 或 20 位时偏低近 5%，21 位时偏高 3%。"
    ),
    "fxp_bits is a whole number from 1 to 30.": "fxp_bits 是 1 到 30 的整数。",
    "There is a smaller one that will do.": "还有更小的值也满足要求。",
    "With {bits} bits the rate becomes 0, and the job is refused.": "小数位为 {bits} 时，步长变成 0，作业会被拒绝。",
    "With {bits} bits the rate is {off:.1f} % too low.": "小数位为 {bits} 时，步长偏低 {off:.1f}%。",
    "With {bits} bits the rate is {off:.1f} % too high.": "小数位为 {bits} 时，步长偏高 {off:.1f}%。",
    # 7.2
    "Each product wraps with the chance |v| * 2^(2f) / 2^64, and the chances of all of them add up.": (
        "每个乘积回绕的概率是 |v| * 2^(2f) / 2^64，所有乘积的概率相加。"
    ),
    "2,000,000 * 40 * 2^(2f - 64) has to stay below 0.01. Try some f.": (
        "2,000,000 * 40 * 2^(2f - 64) 必须小于 0.01。试几个 f。"
    ),
    "Two million products of size 40 leave room for 15 bits. With columns scaled so that products are at most 1, "
    "it would be 18. Scaling is better than giving up bits.": (
        "两百万个大小为 40 的乘积，只容得下 15 位小数。如果缩放特征列，使乘积不超过 1，就可以用 18 位。"
        "缩放数据比减少小数位更好。"
    ),
    "It is safe, but there is a larger one that is safe too.": "这个值是安全的，但还有更大的值也安全。",
    "For one product that is so. There are two million.": "只有一个乘积时才是这样，而这里有两百万个。",
    "That is for products as large as 1.": "乘积大小为 1 时才是这样。",
    "With {bits} bits, {expected} wraps are to be expected.": "小数位为 {bits} 时，预计有 {expected} 次回绕。",
    # 7.3
    "8,000 rows are 380 batches of 21. Which learning rate needs 380 steps to get within 5 %?": (
        "8,000 行是 380 个大小为 21 的批次。学习率多大时，380 步能使剩余距离降到 5%？"
    ),
    "72 / 380 is 0.19; something above that. And l2_norm pulls all weights but the intercept towards 0.": (
        "72 / 380 是 0.19，取稍大一些的值。另外，l2_norm 会把截距以外的权重拉向 0。"
    ),
    "Leave out the penalty, l2_norm = 0, and take a learning_rate between 0.2 and 0.5.": (
        "去掉正则化项，即 l2_norm = 0；learning_rate 取 0.2 到 0.5。"
    ),
    "380 steps are enough if the learning rate is right. The tutorial's 0.0001 would have needed 720,000.": (
        "学习率合适，380 步就够了。用教程的 0.0001 则需要 720,000 步。"
    ),
    "The batches have to stay at {size} rows.": "批大小必须保持 {size}。",
    "One epoch is allowed, and these are {epochs}.": "只允许训练一轮，而这里是 {epochs} 轮。",
    "The job has to learn from the first 8,000 rows, as run(...) does; it has seen {rows:,}.": (
        "作业必须像 run(...) 那样用前 8,000 行训练，而它用了 {rows:,} 行。"
    ),
    "The job has to learn from the first 8,000 rows, as run(...) does; it has seen others.": (
        "作业必须像 run(...) 那样用前 8,000 行训练，而它用的是别的行。"
    ),
    "{accuracy:.1%} are right. The weights are still on their way: {left:.0%} of it is left.": (
        "正确率 {accuracy:.1%}。权重还没有收敛：还剩 {left:.0%} 的距离。"
    ),
    "{accuracy:.1%} are right. The penalty holds the columns' weights down, and not the intercept.": (
        "正确率 {accuracy:.1%}。正则化项压低了各列的权重，却不影响截距。"
    ),
    "{accuracy:.1%} are right. Does every small batch throw the weights about?": (
        "正确率 {accuracy:.1%}。是不是每个小批次都让权重来回摆动？"
    ),
    # 8.1
    "Bob knows two numbers: the mean of his own column, and the one that was opened.": (
        "bob 知道两个数：自己那列的均值，以及公开的数。"
    ),
    "opened = mean of bob - mean of alice.": "公开的数 = bob 的均值 - alice 的均值。",
    "Nothing went wrong in the protocol: the result and bob's own data are enough. A sum or a difference of one "
    "secret of each party always gives both secrets away.": (
        "协议没有任何问题：有结果和 bob 自己的数据就够了。"
        "双方各出一个秘密，公开它们的和或差，就等于把两个秘密都交了出去。"
    ),
    "The difference is bob's mean minus alice's, not the other way round.": (
        "差是 bob 的均值减去 alice 的均值，而不是反过来。"
    ),
    "This is the mean of bob's own salaries.": "这是 bob 自己的工资均值。",
    "With this mean of alice's, another difference would have been opened.": (
        "如果 alice 的均值是这个数，公开的差就会是另一个数。"
    ),
    # 8.2
    "Each party can add up its own values, and their squares, at home. x.shape and y.shape tell how many there are.": (
        "双方可以各自在本地算出自己的值之和与平方和。x.shape 和 y.shape 给出值的个数。"
    ),
    "variance = mean of the squares - square of the mean. Divided by the count of all values, the sums of both parties "
    "add up to the two means: as secrets, with +.": (
        "方差 = 平方的均值 - 均值的平方。双方的和各自除以总个数，再作为秘密用 + 相加，就得到这两个均值。"
    ),
    "Multiply the secret mean with itself (await mpc.mul), take it from the mean of the squares, and open that.": (
        "把密态均值与自身相乘（await mpc.mul），用平方的均值减去它，再公开结果。"
    ),
    "One number was opened, and the means stayed secret. A party that knows it and its own values has one equation "
    "for the other's mean and spread, which are two unknown numbers. If the other firm has one employee, there is no "
    "spread: one unknown is left, and the equation leaves two possible salaries, or one.": (
        "只公开了一个数，均值仍然保密。一方用这个数和自己的值，只能得到一个方程，而对方的均值和方差是两个未知数。"
        "但如果对方只有一名员工，方差为零，只剩一个未知数：方程只留下两个可能的工资，甚至一个。"
    ),
    "For v = {size} it returns {bits}, which is not a whole number.": "v = {size} 时返回 {bits}，不是整数。",
    "For v = {size} it returns {bits}: the product fits, but truncation fails too often.": (
        "v = {size} 时返回 {bits}：乘积放得下，但截断失败得太频繁。"
    ),
    "For v = {size} it returns {bits}: a product has the fraction bits of both factors.": (
        "v = {size} 时返回 {bits}：乘积的小数位是两个因子之和。"
    ),
    "For v = {size} it returns {bits}, which is one too many: round down.": (
        "v = {size} 时返回 {bits}，多了一位：请向下取整。"
    ),
    "For v = {size} it returns {bits}, which is too many.": "v = {size} 时返回 {bits}，偏多。",
    "For v = {size} it returns {bits}, which is fewer than needed.": "v = {size} 时返回 {bits}，偏少。",
    "This function is not registered as an operator: @kn.operator has to stand above it.": (
        "这个函数没有注册为算子：请在上面加上 @kn.operator。"
    ),
    "It comes to no end: a job with it was still running after {n} s.": "它没有结束：使用它的作业 {n} 秒后仍在运行。",
    "A job with it fails: {error}": "使用它的作业失败：{error}",
    'On {node} it has written nothing: party.write_csv("result", frame).': (
        '它在 {node} 上没有写出结果：请用 party.write_csv("result", frame)。'
    ),
    "It is the standard deviation, not the variance.": "这是标准差，不是方差。",
    "It divides by one less than the count; asked for is the mean of the squared distances.": (
        "这里除以个数减一；题目要的是距离平方的均值。"
    ),
    "It is the mean of both variances: it leaves out how far the two means are from each other.": (
        "这是两个方差的均值，没有考虑两个均值之间的距离。"
    ),
    "It is the variance of one party's values.": "这只是一方的方差。",
    "It is the mean of the squares; the square of the mean has to be taken from it.": (
        "这是平方的均值，还要减去均值的平方。"
    ),
    "It has the wrong sign.": "符号错了。",
    "The result on {node} has to be one row with the column variance.": "{node} 上的结果应当是一行，含 variance 列。",
    "On fresh data the variance is {right:.3f}, and {node} has {value:.3f}.": (
        "在新数据上，方差是 {right:.3f}，而 {node} 得到 {value:.3f}。"
    ),
    "The variance is right, but both learn {what} too.": "方差对了，但双方还得知了{what}。",
    "The variance is right, but {count} numbers are opened, and one is enough.": (
        "方差对了，但公开了 {count} 个数，而一个就够了。"
    ),
    "The variance is right, but there are messages of its own: {others}.": "方差对了，但发送了额外的消息：{others}。",
    "values": "值",
    "squares": "值的平方",
    "alice's": " alice 的",
    "bob's": " bob 的",
    "all": "全部",
    "the sum of {whose} {name}": "{whose}{name}之和",
    "the mean of {whose} {name}": "{whose}{name}的均值",
    "the sum of {whose} {name}, divided by the count of all": "{whose}{name}之和除以总个数",
    # 8.3
    "A product of size v is the whole number v * 2**(2 * bits) until it is truncated; truncation then fails with the "
    "probability v * 2**(2 * bits) / 2**64.": (
        "大小为 v 的乘积在截断之前是整数 v * 2**(2 * bits)；截断失败的概率是 v * 2**(2 * bits) / 2**64。"
    ),
    "Solve v * 2**(2 * bits) / 2**64 <= 1e-6 for bits, and round down: (64 - log2(1e6) - log2(v)) / 2.": (
        "由 v * 2**(2 * bits) / 2**64 <= 1e-6 解出 bits，再向下取整：(64 - log2(1e6) - log2(v)) / 2。"
    ),
    "Each fraction bit less makes the failure four times rarer, and every number twice as coarse. Numbers that "
    "are scaled to about 1 before they are shared leave room for both.": (
        "小数位每减少一位，失败概率降为四分之一，而所有数的精度降低一半。分享之前把数缩放到 1 左右，两者就能兼顾。"
    ),
    # 9.1
    "%kuscia explain ss_lr_predict lists its parameters. One of them says which party learns the scores.": (
        "%kuscia explain ss_lr_predict 列出它的参数，其中一个指定由哪一方得到得分。"
    ),
    "A party is named by its role and number in the job: bob is guest.0.": (
        "参与方用它在作业中的角色和序号表示：bob 是 guest.0。"
    ),
    'scored("for-the-bank", receiver="guest.0") is the manifest, and attempt(...) runs it.': (
        'scored("for-the-bank", receiver="guest.0") 是作业配置，attempt(...) 运行它。'
    ),
    "alice has sent her share of each score, and learned nothing. Who receives is a parameter that both can see.": (
        "alice 发送了每个得分的分片，自己什么也没有得到。由谁接收是双方都能看到的参数。"
    ),
    "In this job alice has learned the scores.": "在这个作业里，得到得分的是 alice。",
    "The job has no predictions: {error}": "这个作业没有预测结果：{error}",
    # 9.2
    "With the same score for all, every row gets the same class. How often is that right, if it is the frequent one?": (
        "所有行得分相同，预测的类别也就相同。如果预测的是多数类，有多少是对的？"
    ),
    "AUC asks how often a row with label 1 has a higher score than one with label 0. Equal scores count half.": (
        "AUC 是标签为 1 的行得分高于标签为 0 的行的概率，得分相等算一半。"
    ),
    "An accuracy of 0.97 sounds good, and this model knows nothing. AUC shows it, and so does the share of zeros.": (
        "准确率 0.97 听起来不错，但这个模型什么也没学到。AUC 能看出来，标签为 0 的比例也能看出来。"
    ),
    "Both are numbers from 0 to 1.": "两个数都在 0 到 1 之间。",
    "The accuracy is another one.": "准确率不对。",
    "That is so if it always says 1. It may as well always say 0.": "总是预测 1 时才是这样，它也可以总是预测 0。",
    "The accuracy is right, the AUC is not.": "准确率对了，AUC 不对。",
    "A pair is asked for: {what}.": "这里需要一对值：{what}。",
    # 9.3
    "A score is visits * w1 + age * w2 + what bob's columns add. That last part looks like noise to alice.": (
        "得分 = visits * w1 + age * w2 + bob 各列的贡献。最后一部分在 alice 看来像噪声。"
    ),
    "Find the line that fits the scores best: np.linalg.lstsq with visits, age and a column of ones.": (
        "找出与得分最吻合的线性关系：对 visits、age 和一列 1 使用 np.linalg.lstsq。"
    ),
    "The rows have to be in the same order: shop.set_index('id').loc[scores.index].": (
        "行的顺序必须一致：shop.set_index('id').loc[scores.index]。"
    ),
    "What bob's columns add has nothing to do with alice's here, so it averages out. The weights were secret, and "
    "2,000 scores have told them.": (
        "这里 bob 各列的贡献与 alice 的列无关，平均下来就抵消了。权重本是秘密，两千个得分却把它们暴露了出来。"
    ),
    "This job's model has no columns visits and age.": "这个作业的模型没有 visits 和 age 两列。",
    "These are the weights of scaled columns. A visit and a year are asked for.": (
        "这是缩放后各列的权重，题目问的是每次到店、每岁年龄。"
    ),
    "The weight of {name} is another one.": "{name} 的权重不对。",
    "accuracy and AUC": "准确率和 AUC",
    "a job and two estimates": "作业和两个估计值",
    "visits and age": "到店和年龄",
    # 11.1
    "Which of the jobs of the table has printed such a sentence?": "表中的哪些作业给出过这样一句话？",
    "Messages 6 and 7 are sent. In which order, and how often, can they come, so that 7 is seen while 6 is awaited?": (
        "发送了 6 号和 7 号消息。它们以什么顺序、到达几次，才会在等待 6 号时看到 7 号？"
    ),
    "Three of the five: one in which 6 never comes, one in which it comes behind 7, and one in which 7 comes twice.": (
        "五种里有三种：6 号始终没有到达；6 号排在 7 号之后到达；7 号到达了两次。"
    ),
    "The receiver sees what came, not why. The injected fault is in the job's report; in real life somebody has to "
    "look at what carries the messages.": (
        "接收方只看到收到了什么，看不到原因。注入的故障写在作业报告里；在实际环境中，需要有人去检查传输消息的环节。"
    ),
    "A set of kinds is asked for, and this is of type {kind}.": "这里需要一个故障种类的集合，而答案的类型是 {kind}。",
    "{name} is not one of the five.": "{name} 不在这五种之中。",
    "A message that is late is waited for: nobody says anything.": "迟到的消息会一直等到：没有人报错。",
    "A message that is cut has the right number, and its length is named.": "被截短的消息编号正确，错误指出的是长度。",
    "So far it is right. There is another one.": "目前都对，但还有别的。",
    # 11.2
    'The seed is behind #: "ttp-wrong:1#2" flips another bit than "ttp-wrong:1". Try many in a loop.': (
        '# 之后是种子："ttp-wrong:1#2" 翻转的比特与 "ttp-wrong:1" 不同。请用循环多试几个。'
    ),
    "job.shadow.weights has both weights, secret and plaintext. Take the largest difference of a job.": (
        "job.shadow.weights 同时列出密态（secret）和明文（plaintext）的权重。取一个作业中两者的最大差值。"
    ),
    "The second table has such a job already, and it has to be run with shadow=True.": (
        "第二张表里已经有这样的作业，只需用 shadow=True 再运行一次。"
    ),
    "Without verify, both programs and weights() have nothing to go by: the numbers could be right. Only who sees "
    "both files can tell, as the shadow does.": (
        "不校验时，双方的程序和 weights() 都无从判断：这些数可能是对的。只有看到两个文件的人（如明文对照）才能发现。"
    ),
    "In this job somebody else lies, or nobody.": "在这个作业里，说谎的不是 TTP，或者没有人说谎。",
    "It cannot be compared with its plaintext: {error}": "无法与明文比较：{error}",
    "weights() warns of this one.": "对这个作业，weights() 会给出警告。",
    "All weights are within {far} of the plaintext.": "所有权重与明文的差都不超过 {far}。",
    # 11.3
    "hashlib.blake2b(digest_size=16) takes one message after the other with update(...). digest() is the end.": (
        "hashlib.blake2b(digest_size=16) 用 update(...) 逐条接收消息，最后调用 digest()。"
    ),
    "update(b'ab') and then update(b'c') is the same as update(b'a') and update(b'bc'). What else has to go in?": (
        "先 update(b'ab') 再 update(b'c')，与先 update(b'a') 再 update(b'bc') 结果相同。还需要加入什么？"
    ),
    "Put the length of each message before it, in a fixed number of bytes: len(message).to_bytes(8, 'little').": (
        "在每条消息之前加入它的长度，占固定的字节数：len(message).to_bytes(8, 'little')。"
    ),
    "Without the lengths, bytes could move from one message to the next. The job's own digests do not "
    "need them: each message is compared with the shape that its receiver expects.": (
        "如果没有长度，字节可以从一条消息移到下一条而不被发现。作业自己的摘要不需要长度：接收方本来就把每条消息与预期的形状比较。"
    ),
    "It returns a value of type {kind}. Bytes are asked for.": "返回值的类型是 {kind}，这里需要字节串。",
    "Called twice with the same messages, it returns two digests.": "用相同的消息调用两次，得到两个不同的摘要。",
    "A digest is short: at most {size} bytes, however many messages there are.": (
        "摘要应当很短：无论有多少条消息，最多 {size} 字节。"
    ),
    "It does not notice it if one bit is another one.": "一个比特被翻转时，它没有发现。",
    "It does not notice it if two messages change places.": "两条消息交换位置时，它没有发现。",
    "It does not notice it if a message comes twice.": "一条消息到达两次时，它没有发现。",
    "It does not notice it if an empty message is lost.": "丢失一条空消息时，它没有发现。",
    "It does not notice it if a message is cut into two.": "一条消息被拆成两条时，它没有发现。",
    "It does not notice it if bytes move to the next message.": "字节移到下一条消息时，它没有发现。",
    "It does not notice it if a message loses its end.": "一条消息缺少结尾时，它没有发现。",
}
