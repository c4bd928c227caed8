"""What every exercise says, and the texts of the exercises 1.1 to 5.3, in Chinese."""

from __future__ import annotations

EXERCISES = {
    # every exercise
    "Exercise {name}: right.": "练习 {name}：正确。",
    "Exercise {name}: not yet.": "练习 {name}：还不对。",
    "Exercise {name}: not answered yet.": "练习 {name}：尚未作答。",
    "Put your answer in place of ... and run the cell again.": "请把 ... 换成你的答案，再运行一次单元格。",
    "It cannot be checked: {error}": "无法检查：{error}",
    "Hint {number} of {count}: {hint}": "提示 {number}/{count}：{hint}",
    "solved": "正确",
    "not yet": "还不对",
    "not answered yet": "尚未作答",
    "No exercise was checked in this kernel yet.": "本内核中还没有检查过练习。",
    "{solved} of {count} exercises are solved.": "{count} 道练习中，{solved} 道正确。",
    "Exercises": "练习",
    "exercise": "练习",
    "verdict": "结果",
    "tries": "作答次数",
    "A number is asked for, and this is {answer!r}.": "这里需要一个数，而答案是 {answer!r}。",
    "A number is asked for, and this is of type {kind}.": "这里需要一个数，而答案的类型是 {kind}。",
    "A function is asked for, and this is of type {kind}.": "这里需要一个函数，而答案的类型是 {kind}。",
    "Called with ({shown}), it raises {error}.": "以 ({shown}) 调用时抛出 {error}。",
    "A job is asked for, and this is of type {kind}.": "这里需要一个作业，而答案的类型是 {kind}。",
    "A text is asked for, and this is of type {kind}.": "这里需要一段文本，而答案的类型是 {kind}。",
    "The job failed: {error}": "作业失败：{error}",
    # 1.1
    "Add them up as Python integers, and take the sum modulo 2**64.": "先当作 Python 整数相加，再把和对 2**64 取模。",
    "What is 2**63 or more stands for a negative number: the sum minus 2**64.": (
        "不小于 2**63 的数表示负数：把和减去 2**64。"
    ),
    "Divide by 2**10, not by 2**18.": "除以 2**10，而不是 2**18。",
    "A number says nothing of where its point is: both parties have to agree on fxp_bits beforehand.": (
        "数本身不包含小数点的位置：双方必须事先约定 fxp_bits。"
    ),
    "Shares are added modulo 2^64, and this sum has not wrapped around.": "分片是模 2^64 相加的，而这个和没有回绕。",
    "This is the integer in the ring; the number that it stands for has a point in it.": (
        "这是环里的整数；它所代表的数还有小数点。"
    ),
    "This would be right with 18 fraction bits, and these shares have 10.": (
        "如果小数位是 18 位，这就对了，但这两个分片是 10 位。"
    ),
    "The number is negative.": "这个数是负数。",
    "The two shares add up to another number.": "这两个分片相加得到的是另一个数。",
    # 1.2
    "job.trace.messages has a column op: look at one send w-v and one send r-v in each direction.": (
        "job.trace.messages 有一列 op：看看每个方向上的一条 send w-v 和一条 send r-v。"
    ),
    "A batch sends no columns. It sends a number of 8 bytes for each weight, and twice one for each row.": (
        "每批不发送数据列。每个权重发送一个 8 字节的数，每一行发送两个。"
    ),
    "Each party masks its share of the weights of the other's columns, and its share of the 21 errors, and sends "
    "that: 8 bytes * (10 + 11 + 21 + 21). The columns went over once, before training, masked too.": (
        "每一方把自己持有的、对方各列权重的分片以及 21 个误差的分片加上掩码后发送：8 字节 * (10 + 11 + 21 + 21)。"
        "数据列只在训练之前发送一次，同样加了掩码。"
    ),
    "This is one direction; both of them are asked for.": "这只是一个方向；题目问的是两个方向合计。",
    "This is how many numbers there are; each has 8 bytes.": "这是数的个数；每个数是 8 字节。",
    "It is less.": "答案偏大。",
    "It is more.": "答案偏小。",
    # 1.3
    'Change one thing, "learning_rate", and give the job a name of its own.': (
        '只改一处："learning_rate"，并给作业另起一个名字。'
    ),
    "learning_rate / batch_size should be close to a whole number of units of 2**-18, and 21 * 2**-18 is one unit.": (
        "learning_rate / batch_size 应当接近 2**-18 的整数倍；学习率为 21 * 2**-18 时正好是一倍。"
    ),
    "The step size is a multiple of 2^-18 as every number is. With many units, rounding to one hardly matters.": (
        "步长和所有的数一样，是 2^-18 的整数倍。倍数大了，舍入到整数倍就几乎没有影响。"
    ),
    "The job still warns: {warning}": "作业仍然发出警告：{warning}",
    "This is another job than the tutorial's.": "这不是教程里的作业。",
    "Only the learning rate may change: {name} was {was}, and is {now}.": (
        "只能改学习率：{name} 原来是 {was}，现在是 {now}。"
    ),
    "The batches have to stay at 21 rows.": "每批必须保持 21 行。",
    "The files have the tutorial's names, but other data.": "文件名与教程相同，但数据不同。",
    # 2.1
    "%kubectl get kj job-ss-lr -n cross-domain -o yaml has them below status.conditions; with --node bob, bob's.": (
        "%kubectl get kj job-ss-lr -n cross-domain -o yaml 的 status.conditions 里有它们；加上 --node bob 就是 bob 的。"
    ),
    "-o jsonpath={.status.conditions[*].type} prints the names alone; cluster.kubectl(line, node=...).text has it.": (
        "-o jsonpath={.status.conditions[*].type} 只打印名字；cluster.kubectl(line, node=...).text 是一段文本。"
    ),
    "alice drives the job, so the steps of creating and starting it are conditions of her copy alone.": (
        "作业由 alice 驱动，所以创建和启动的各步只出现在她那一份的状况里。"
    ),
    "A list of names is asked for, and this is of type {kind}.": "这里需要一个名字的列表，而答案的类型是 {kind}。",
    "bob's copy has {names}, too.": "{names} 在 bob 那里也有。",
    "alice's copy does not have {names}.": "alice 那里没有 {names}。",
    "There are more: {count} are missing.": "不止这些：还缺 {count} 个。",
    # 2.2
    "Tasks are kt, and -o jsonpath={...} prints one value of an object.": (
        "任务是 kt；-o jsonpath={...} 打印对象里的一个值。"
    ),
    "get kt gives a list: its tasks are in .items, and .items[0] is the first.": (
        "get kt 得到一个列表：任务在 .items 里，.items[0] 是第一个。"
    ),
    "-l kuscia.secretflow/job-id=job-ss-lr takes the tasks of that job only; the phase is in .status.phase.": (
        "-l kuscia.secretflow/job-id=job-ss-lr 只取这个作业的任务；阶段在 .status.phase 里。"
    ),
    "A label says which job a task belongs to, so the line works for every run of the job.": (
        "标签写明了任务属于哪个作业，所以这一行对作业的每次运行都适用。"
    ),
    "kubectl says: {error}": "kubectl 报错：{error}",
    "Jobs and tasks are in the namespace cross-domain, and kubectl looks elsewhere if it is not told.": (
        "作业和任务在命名空间 cross-domain 里，不指明的话 kubectl 会到别处去找。"
    ),
    "This is the phase of the job, and that of its task is asked for.": "这是作业的阶段，题目问的是任务的阶段。",
    "It prints nothing.": "它什么也没有打印。",
    "It prints more than the phase.": "它打印的不只是阶段。",
    "It prints {printed!r}.": "它打印的是 {printed!r}。",
    # 2.3
    'cluster.put("alice", "mine.csv", frame), the same for bob with as many rows, and the label last in alice\'s.': (
        'cluster.put("alice", "mine.csv", frame)，对 bob 也一样，行数相同；标签是 alice 的最后一列。'
    ),
    "In the manifest the two files are perfect_logit_a.csv and perfect_logit_b.csv; the job needs a name of its own.": (
        "作业配置里的两个文件是 perfect_logit_a.csv 和 perfect_logit_b.csv；作业需要自己的名字。"
    ),
    "The job took your files as they are: how many columns there are, and their names, is read from them.": (
        "作业原样接受了你的文件：有多少列、叫什么名字，都从文件中读取。"
    ),
    "On {node} the job has read {file}, and not {own}.": "在 {node} 上，作业读取的是 {file}，而不是 {own}。",
    "The label is not on alice's side.": "标签不在 alice 一方。",
    # 3.1
    "Take the rows whose call is \"task/poll\" first. Those are alice's questions, the replies in them are bob's.": (
        '先取出 call 为 "task/poll" 的行：提问的是 alice，响应来自 bob。'
    ),
    'A reply is a JSON text: json.loads(reply)["data"]["status"] is the state in it.': (
        '响应是 JSON 文本：其中的状态是 json.loads(reply)["data"]["status"]。'
    ),
    "A state is news if it is not the state before it: states.shift() of pandas, or itertools.groupby.": (
        "与前一个状态不同，才是新的状态：可以用 pandas 的 states.shift() 或 itertools.groupby。"
    ),
    "All other polls told alice nothing new. With the standard's task/callback bob would report each change by "
    "himself; but then alice could not tell a bob who computes from a bob who has gone.": (
        "其余轮询没有给 alice 带来新的信息。如果用标准的 task/callback，bob 会主动报告每次变化；"
        "但那样 alice 就分不清 bob 是在计算，还是已经离线。"
    ),
    "It returns {found} whatever it is given: it has to look at its argument.": (
        "无论参数是什么，它都返回 {found}：函数需要使用自己的参数。"
    ),
    "The function should return a list, and returned something of type {kind}.": (
        "函数应当返回列表，而返回值的类型是 {kind}。"
    ),
    "The answers of all polls are in it; a state that repeats the one before should be left out.": (
        "结果包含了每次轮询的回答；与前一个相同的状态应当去掉。"
    ),
    "These are whole replies; only the states in them are asked for.": "这是完整的响应；题目只要其中的状态。",
    "Bob was {states} in turn, and this is {found}: a state that comes back after another one is news, too.": (
        "bob 的状态依次是 {states}，而结果是 {found}：变为其他状态之后再次出现的状态也算新的。"
    ),
    "There is something in it that is no answer to a poll: {found} instead of {states}.": (
        "结果里有些内容不是对轮询的回答：应为 {states}，得到的是 {found}。"
    ),
    "Bob was {states} in turn, and this is {found}.": "bob 的状态依次是 {states}，而结果是 {found}。",
    # 3.2
    "Copy `sent` with deepcopy, so that it stays as it is, and change two things in the copy.": (
        "用 deepcopy 复制 `sent`，使它保持不变，再修改副本里的两处。"
    ),
    'The name is request["job_id"], the number of passes "num_epoch" among the parameters that are common to both.': (
        '作业名是 request["job_id"]，轮数是公共参数（common）里的 "num_epoch"。'
    ),
    'ask("/v1/interconn/schedule/job/create", request) sends it, and returns the reply as a dict.': (
        'ask("/v1/interconn/schedule/job/create", request) 发送请求，并以字典形式返回响应。'
    ),
    "Whatever program can send JSON over HTTP can run jobs on a node. It needs no Python, no kubectl, and no "
    "rights on the node's machine.": (
        "只要能通过 HTTP 发送 JSON，任何程序都可以在节点上运行作业：不需要 Python 和 kubectl，也不需要节点机器的权限。"
    ),
    "The reply is asked for as a dict with its code, and this is of type {kind}.": (
        "这里需要响应的字典，其中有 code；而返回值的类型是 {kind}。"
    ),
    "Called with ({name!r}, {epochs}), alice says no: {said}": "以 ({name!r}, {epochs}) 调用时，alice 拒绝：{said}",
    "Alice says yes, but she has no job {name!r}: is that the job_id of the request?": (
        "alice 受理了请求，但她没有名为 {name!r} 的作业：请求里的 job_id 是它吗？"
    ),
    "Called with {epochs} epochs, the request says {passes!r}.": "以 {epochs} 轮调用时，请求里写的是 {passes!r}。",
    "num_epoch is right, but something else has changed, too.": "num_epoch 对了，但还有别的内容也被改动了。",
    # 3.3
    "Send it: the reply to ask(CREATE, repaired) names two of the three mistakes, with the path of the first.": (
        "把请求发出去：ask(CREATE, repaired) 的响应会先后指出三处错误中的两处，并给出第一处的路径。"
    ),
    "Positions count from 0, and parameters are filed under the name of the component, which is in the dag.": (
        "序号从 0 开始；参数按组件名归类，组件名写在 dag 里。"
    ),
    'For the third, wait for the job: cluster.job(repaired["job_id"]).wait() says what bob\'s program did not find.': (
        '第三处错误要等作业运行：cluster.job(repaired["job_id"]).wait() 会说明 bob 的程序找不到什么。'
    ),
    "Two mistakes could be seen from the request alone, and alice refused it. The third was about bob's node, and "
    "only came to light when his program ran. So a client has to look twice: at the reply, and later at the states.": (
        "两处错误从请求本身就能看出，所以 alice 拒绝了它。第三处与 bob 的节点有关，要到他的程序运行时才暴露。"
        "因此客户端要看两次：先看响应，之后再看状态。"
    ),
    "Without an entry in task_params the guest is no party, and the job would run without bob.": (
        "task_params 里没有 guest 的条目，它就不是参与方，作业会在没有 bob 的情况下运行。"
    ),
    "The common parameters are gone; they should be filed under another name.": (
        "公共参数不见了；它们只需要换一个名字归类。"
    ),
    "Alice would refuse it: {error}": "alice 会拒绝这个请求：{error}",
    "It should be one task, with alice as the host and bob as the guest.": (
        "应当只有一个任务，alice 是 host，bob 是 guest。"
    ),
    "Alice would take it, and then the job would fail: bob has no file {file}.": (
        "alice 会受理，但作业随后会失败：bob 没有文件 {file}。"
    ),
    "The mistakes are gone, but something else has changed, too.": "错误已经改正，但还有别的内容也被改动了。",
    "This is a text, but no JSON: {error}": "这是一段文本，但不是 JSON：{error}",
    "A request is asked for, as a dict, and this is of type {kind}.": "这里需要字典形式的请求，而答案的类型是 {kind}。",
    "This is a reply. The answer is the request that you would send.": "这是响应。答案应当是你要发送的请求。",
    # 4.1
    "Draw n - 1 arrays of masks, each of x.nbytes fresh bytes from secrets.token_bytes; these are n - 1 of the "
    "shares.": (
        "取 n - 1 个掩码数组，每个由 secrets.token_bytes 给出的 x.nbytes 个新字节构成；它们就是 n - 1 个分片。"
    ),
    "The last share is x minus all the masks, so that everything adds up to x.": (
        "最后一个分片是 x 减去所有掩码，这样全部相加等于 x。"
    ),
    "np.frombuffer(secrets.token_bytes(x.nbytes), np.uint64).reshape(x.shape) is one array of masks.": (
        "np.frombuffer(secrets.token_bytes(x.nbytes), np.uint64).reshape(x.shape) 就是一个掩码数组。"
    ),
    "Any n - 1 of the shares are random, because at least one mask is missing from them. Only all n together hold "
    "the secret. This check looked at the numbers. It cannot see which generator made them: masks of a generator that "
    "somebody can predict look just as random.": (
        "任意 n - 1 个分片都是随机的，因为其中至少缺一个掩码；只有 n 个合起来才包含秘密。"
        "检查只看数值，看不出它们来自哪个生成器：可预测的生成器给出的掩码看上去同样随机。"
    ),
    "Called twice, it gives the same share twice: a mask is used once.": "两次调用得到了相同的分片：掩码只能用一次。",
    "The shares are fine to look at, but the masks come from numpy.random, which can be predicted.": (
        "分片看上去没有问题，但掩码来自 numpy.random，可以被预测。"
    ),
    "A list of shares is asked for, and this is of type {kind}.": "这里需要一个分片列表，而答案的类型是 {kind}。",
    "For {count} parties it gives {found} shares.": "参与方有 {count} 个，却得到 {found} 个分片。",
    "A share is an array of {found}; ring elements are uint64.": "分片是 {found} 数组；环元素的类型是 uint64。",
    "A share has the shape {found}, and the secrets have {shape}.": "分片的形状是 {found}，而秘密的形状是 {shape}。",
    "The {count} shares of a secret do not add up to it modulo 2^64.": "{count} 个分片模 2^64 相加不等于秘密。",
    "One of the shares is the secret itself.": "其中一个分片就是秘密本身。",
    "Two parties get the same share: each mask has to be drawn for itself.": (
        "有两方得到了相同的分片：每个掩码都要单独生成。"
    ),
    "All numbers of the array have one and the same mask; each needs its own.": (
        "数组中所有的数用了同一个掩码；每个数都需要自己的掩码。"
    ),
    "Within a share a number comes twice: a mask is used once.": "同一个分片里有重复的数：掩码只能用一次。",
    "A share is not random in every bit: `kn.explore.uniformity(share, bits=...)` shows it.": (
        "分片不是每一位都随机：`kn.explore.uniformity(share, bits=...)` 可以看出来。"
    ),
    "The numbers of a share follow from each other: each mask has to be drawn for itself.": (
        "分片中的数可以互相推出：每个掩码都要单独生成。"
    ),
    "All but one of the shares, taken together, are not random: some follow from others.": (
        "去掉一个分片后，其余分片合起来不随机：有些可以由另一些推出。"
    ),
    # 4.2
    "What is opened is a ring element. Which number does it stand for? It is in the upper half, and has 18 bits behind "
    "the point.": "公开的是一个环元素。它表示哪个数？它在上半部分，小数位为 18。",
    "Alice's salary is the difference plus Bob's salary.": "alice 的工资等于差加上 bob 的工资。",
    "The share of Alice's salary was of no use. What was opened gives her salary away, as the sum did.": (
        "alice 工资的分片没有用处。泄露工资的是公开的结果，和前面的求和一样。"
    ),
    "The difference is Alice's salary minus Bob's, and this takes it the other way round.": (
        "差是 alice 的工资减去 bob 的工资，这里减反了。"
    ),
    "This is the difference; Alice's salary is asked for.": "这是差；题目问的是 alice 的工资。",
    "2^63 or more stands for a negative number.": "不小于 2^63 的数表示负数。",
    "What is opened is a ring element: negative in the upper half, and with a point in it.": (
        "公开的是环元素：在上半部分表示负数，并且带小数位。"
    ),
    "There are 18 bits behind the point.": "小数位有 18 位。",
    "A share is no number to compute a salary with: it is random.": "不能用分片来算工资：它是随机数。",
    "This is what Bob's share stands for: a random number, and no salary.": (
        "这是 bob 的分片所表示的数：是随机数，不是工资。"
    ),
    "With this salary the difference would be another number.": "如果工资是这个数，差就会是另一个数。",
    # 4.3
    "All three are uniform over the whole ring. Where is the part behind the point? Test those bits alone.": (
        "三者在整个环上都是均匀的。小数部分在哪些位？只检验那些位。"
    ),
    "kn.explore.uniformity(shares, bits=18) looks at the last 18 bits. In the broken ones, they are always the same.": (
        "kn.explore.uniformity(shares, bits=18) 检验最后 18 位。有缺陷的程序给出的这些位总是相同。"
    ),
    "The last 18 bits of a ring element are its remainder by 2**18, and count units of 2**-18.": (
        "环元素的最后 18 位是它除以 2**18 的余数，单位是 2**-18。"
    ),
    "The masks were whole numbers, so they covered what is before the point and left the rest as it was. A mask "
    "has to be random in every bit.": "掩码是整数，所以只隐藏了整数部分，小数部分原样不变。掩码的每一位都必须随机。",
    "These are the last 18 bits as an integer; they count units of 2^-18.": (
        "这是把最后 18 位当作整数；它们的单位是 2^-18。"
    ),
    "The sign is wrong: what the mask does not cover is in the share as it was in the salary.": (
        "符号错了：掩码没有隐藏的部分，在分片里和在工资里一样。"
    ),
    "The part behind the point is between 0 and 1; the part before it is well hidden.": (
        "小数部分在 0 和 1 之间；整数部分隐藏得很好。"
    ),
    "The shares of the broken program say another part.": "有缺陷的程序给出的分片对应另一个小数部分。",
    # 5.1
    "Bob's share of the product is c1 + e b1 + a1 f.": "bob 的乘积分片是 c1 + e b1 + a1 f。",
    "The product is the sum of both shares. e f is in Alice's share already.": (
        "乘积是两个分片之和。e f 已经在 alice 的分片里。"
    ),
    "Everything is modulo 2**64, and Python's integers do not go round by themselves: % 2**64.": (
        "一切都是模 2**64 的，而 Python 的整数不会自动循环：请用 % 2**64。"
    ),
    "With one triple and two opened numbers, a product of secrets has become a few products of known numbers with "
    "shares.": "有了一个三元组和两个公开的数，秘密的乘法就变成了已知数与分片的几次乘法。",
    "An integer modulo 2^64 is below 2^64 and not negative.": "模 2^64 的整数小于 2^64，且不为负。",
    "This is Bob's share alone.": "这只是 bob 的分片。",
    "This is Bob's share alone, and e f does not belong in it.": "这只是 bob 的分片，而且不应包含 e f。",
    "e f is in it twice: only one of the two adds it, and Alice has done so.": (
        "e f 加了两次：只由一方加，alice 已经加过了。"
    ),
    "e goes with b, and f with a.": "e 与 b 相乘，f 与 a 相乘。",
    "c1 is missing.": "缺少 c1。",
    "e f is the last of the four parts; the others are in the shares.": "e f 是四部分中的最后一个，其余的在分片里。",
    "A float has 53 bits, and the numbers here have 64: compute with integers.": (
        "浮点数只有 53 位，而这里的数有 64 位：请用整数计算。"
    ),
    "A whole number is asked for, and this is of type {kind}.": "这里需要一个整数，而答案的类型是 {kind}。",
    # 5.2
    "e is the sum of what the two sent, modulo 2^64. Compute e1 and e2.": (
        "e 是双方所发送的数之和，模 2^64。请算出 e1 和 e2。"
    ),
    "e1 - e2 is x1 - x2, because a falls out. It is an integer modulo 2^64, with 18 bits behind the point.": (
        "e1 - e2 就是 x1 - x2，因为 a 抵消了。它是模 2^64 的整数，小数位为 18。"
    ),
    "The second salary is the first one minus that difference.": "第二份工资等于第一份减去这个差。",
    "Nobody had to break anything: a difference of two messages was enough. A mask is for one number.": (
        "不需要破解任何东西：两条消息之差就够了。一个掩码只能用于一个数。"
    ),
    "The sign is wrong: e1 - e2 is the first salary minus the second one.": (
        "符号错了：e1 - e2 是第一份工资减去第二份。"
    ),
    "This is the difference of the salaries.": "这是两份工资之差。",
    "The difference is an integer that has 18 bits behind the point.": "这个差是小数位为 18 的整数。",
    "What Alice sent is her share of e, and random alone. e is the sum of both messages.": (
        "alice 发送的是 e 的一个分片，单看是随机的。e 是两条消息之和。"
    ),
    "What Bob sent is his share of e, and random alone. e is the sum of both messages.": (
        "bob 发送的是 e 的一个分片，单看是随机的。e 是两条消息之和。"
    ),
    "No salary is that large: e1, e2 and their difference are numbers modulo 2^64.": (
        "没有这么高的工资：e1、e2 和它们的差都是模 2^64 的数。"
    ),
    "With this salary, e1 - e2 would be another number.": "如果工资是这个数，e1 - e2 就会是另一个数。",
    # 5.3
    "e has the shape of the left factor and f that of the right one. An element has 8 bytes.": (
        "e 的形状与左因子相同，f 的形状与右因子相同。每个元素 8 字节。"
    ),
    "To open e, each of the two sends its share of it to the other.": "公开 e 时，双方各把自己的分片发给对方。",
    "Elementwise there are m k n products, and each has an e and an f of its own.": (
        "逐元素相乘共有 m k n 次乘法，每次都有自己的 e 和 f。"
    ),
    "A matrix triple opens every element once, whatever number of products it takes part in. The corrections of "
    "the TTP, which are not counted here, are 8 m n bytes against 8 m k n.": (
        "用矩阵三元组时，每个元素只公开一次，无论参加多少次乘法。"
        "这里没有计入 TTP 的修正值：8 m n 字节，逐元素则是 8 m k n。"
    ),
    "Two numbers are asked for: with one triple, and elementwise.": (
        "这里需要两个数：用一个三元组时，以及逐元素相乘时。"
    ),
    "This is one direction. Both parties send, and both directions are asked for.": (
        "这只是一个方向。双方都要发送，题目问的是双向合计。"
    ),
    "The two are in the other order: one triple first.": "两个数的顺序反了：先是一个三元组的。",
    "Elementwise, this counts only e or only f.": "逐元素的结果只计入了 e 或 f 中的一个。",
    "With one triple it is right; elementwise, for m = {m}, k = {k}, n = {n}, it is not.": (
        "一个三元组的结果对了；逐元素的结果在 m = {m}、k = {k}、n = {n} 时不对。"
    ),
    "The result is not opened: only e and f are.": "结果没有公开，只公开 e 和 f。",
    "Elementwise it is right; with one triple, for m = {m}, k = {k}, n = {n}, it is not.": (
        "逐元素的结果对了；一个三元组的结果在 m = {m}、k = {k}、n = {n} 时不对。"
    ),
    "For m = {m}, k = {k}, n = {n} both numbers are others.": "m = {m}、k = {k}、n = {n} 时两个数都不对。",
    # 5.4
    "e = x - a, and a is never negative. So x is at least e, whichever e it is.": (
        "e = x - a，而 a 不会是负数。所以无论是哪个 e，x 都不小于它。"
    ),
    "Of 2,000 masks below 2**24, one is very small. Which e has it?": (
        "2,000 个小于 2**24 的掩码里，总有一个非常小。是哪个 e 用了它？"
    ),
    "The largest e is nearly x. It counts units of 2**-18.": "最大的 e 几乎就是 x，单位是 2**-18。",
    "A mask hides a number only if it may be anything, in the whole ring. With a smaller one each message gives a "
    "bound, and the bounds of many messages come together.": (
        "只有掩码能取遍整个环，才能隐藏一个数。掩码太小时，每条消息都给出一个界，消息多了，界就收拢了。"
    ),
    "This is the salary in units of 2^-18.": "这是以 2^-18 为单位的工资。",
    "The mean is too low by half of the largest mask, 32. That is a good guess already; there is a better one.": (
        "均值偏低最大掩码的一半，即 32。这已经是不错的猜测，但还有更好的。"
    ),
    "This is the e with the largest mask: it is 64 too low.": "这是掩码最大的 e，偏低 64。",
    "This is near, as any single e is: {off:.1f} off. All of them together tell more.": (
        "已经接近了，但任何单个 e 都这么接近：还差 {off:.1f}。把全部 e 放在一起能得到更多。"
    ),
    "On fresh numbers the salary is {salary:.2f}, and this is {value:.2f}.": (
        "在新的数据上，工资是 {salary:.2f}，而这里得到 {value:.2f}。"
    ),
}
