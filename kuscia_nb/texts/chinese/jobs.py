"""What is said of jobs and their results: in reports, live views and warnings."""

from __future__ import annotations

JOBS = {
    # the head of a job
    "KusciaJob {name}: {phase} after {seconds:.2f} s": "KusciaJob {name}：{phase}，用时 {seconds:.2f} 秒",
    "initiator {node}": "发起方 {node}",
    "{seconds:.1f} s": "{seconds:.1f} 秒",
    "task {alias} = {task}: {nodes}": "任务 {alias} = {task}：{nodes}",
    "Warning: {text}": "警告：{text}",
    "{name} = {value} is used as {double}: Kuscia's numbers are doubles": (
        "{name} = {value} 将按 {double} 使用：Kuscia 的数字是双精度浮点数"
    ),
    "Kuscia's ss-lr writes each share in six digits: the two files cannot be added up again. job.shares() has them.": (
        "Kuscia 的 ss-lr 只写出每个份额的六位数字：两个文件无法再相加还原。job.shares(node) 可查看各自的份额。"
    ),
    "Verified: digests of {count:,} messages are the same at both ends.": "已核验：{count:,} 条消息的摘要在两端一致。",
    "Verified: {count:,} checks of what the TTP gave came to zero.": (
        "已核验：对可信第三方所给结果的 {count:,} 次检验，结果均为零。"
    ),
    "Injected fault {fault}, at {at}.": "注入的故障 {fault}，位于{at}。",
    "{key} from {party}": " {party} 的 {key}",
    "request {number} to the TTP": "对可信第三方的第 {number} 次请求",
    "a file of {party}": " {party} 的文件",
    "Injected fault {fault}: it did not come to that.": "注入的故障 {fault}：没有遇到这种情况。",
    "parameter {name} has no effect: it is for the surroundings of the reference operator": (
        "参数 {name} 不起作用：它用于参考实现的运行环境"
    ),
    "ttp_server_host = {host} is not asked: the TTP in this process is": (
        "不会访问 ttp_server_host = {host}：使用本进程中的可信第三方"
    ),
    "{name} = {value:.3g} is {ulps:.3g} ulp at fxp_bits={bits} and is used as {used:.3g} ({change}); {advice}": (
        "{name} = {value:.3g} 在 fxp_bits={bits} 时为 {ulps:.3g} ulp，将按 {used:.3g} 使用（{change}）；{advice}"
    ),
    "{percent:.0f} % low": "偏低 {percent:.0f}%",
    "{percent:.0f} % high": "偏高 {percent:.0f}%",
    "raise fxp_bits, learning_rate or lower batch_size": "请增大 fxp_bits 或 learning_rate，或减小 batch_size",
    "raise fxp_bits or l2_norm": "请增大 fxp_bits 或 l2_norm",
    "{node} reads its columns from a file, block by block: they take {size:,.0f} MB, and it may have {limit:,.0f} MB "
    "of memory_limit": "{node} 从文件分块读取自己的列：它们占 {size:,.0f} MB，而 memory_limit 分给它 {limit:,.0f} MB",
    "Truncation: {rule}, as the job says.": "截断方式：{rule}（由作业指定）。",
    "Truncation: local, as {node} expects it to fail {failures:.1g} times in this job (auto: below {most:g}).": (
        "截断方式：local，{node} 预计本作业中本地截断失败 {failures:.1g} 次（auto：低于 {most:g}）。"
    ),
    "Truncation: ttp, as {node} expects local to fail {failures:.1g} times in this job (auto: from {most:g} on).": (
        "截断方式：ttp，{node} 预计本作业中本地截断失败 {failures:.1g} 次（auto：不低于 {most:g}）。"
    ),
    "local truncation is expected to fail {failures:.1g} times in this job, and once can spoil the model; "
    "with truncation auto or ttp it does not fail": (
        "预计本作业中本地截断失败 {failures:.1g} 次，任一次都可能使模型失效；使用截断方式 auto 或 ttp 则不会失败"
    ),
    "{domain}: the same number in every row, so that scaling makes it 0 and nothing is learned of it: {names}": (
        "{domain}：以下各列的值在所有行中都相同，缩放后为 0，不会学到任何东西：{names}"
    ),
    "{domain}: {count:,} ids have blanks around them, which are left out": "{domain}：{count:,} 个 ID 的首尾空白已去掉",
    (
        "{first} ({rows:,} rows) and {second} ({others:,} rows) have {common:,} ids in common. "
        "Both know now which ones, and how many rows the other one has; of all other ids they have seen random numbers."
    ): (
        "{first}（{rows:,} 行）与 {second}（{others:,} 行）有 {common:,} 个共同 ID。"
        "双方现在都知道是哪些 ID，以及对方的行数；其余 ID 双方只看到随机数。"
    ),
    "{receiver} alone knows now which ids of {first} ({rows:,} rows) and {second} ({others:,} rows) are the same.": (
        "只有 {receiver} 现在知道 {first}（{rows:,} 行）与 {second}（{others:,} 行）有哪些共同 ID。"
    ),
    "Rows are taken to be in the same order: nothing checks that row 1 of {first} belongs to row 1 of {second}.": (
        "假定双方的行顺序一致：没有检查 {first} 的第 1 行与 {second} 的第 1 行是否对应。"
    ),
    # a party's own file
    "column {number} ({name})": "第 {number} 列（{name}）",
    "column {number} (without a name)": "第 {number} 列（无列名）",
    "{domain}, {column}": "{domain} 的{column}",
    "{domain}, {column} is a feature, and looks like a row index or an id: {advice}": (
        "{domain} 的{column}被当作特征，但看起来是行号或 id：{advice}"
    ),
    "leave it out (to_csv(index=False), drop), or name it in id_column": (
        "请去掉该列（to_csv(index=False)、drop），或用 id_column 指明"
    ),
    "{domain}, {column}: its name has a character that cannot be seen: U+{code:04X}": (
        "{domain} 的{column}：列名中有不可见的字符 U+{code:04X}"
    ),
    "{domain}, {column}: its name has a character that looks like a blank: U+{code:04X}": (
        "{domain} 的{column}：列名中有看起来像空格的字符 U+{code:04X}"
    ),
    "{domain}, {column} is a feature, and is called like a label: {label}": (
        "{domain} 的{column}被当作特征，但列名像标签：{label}"
    ),
    "has_label is false here": "该方的 has_label 为 false",
    "the label is the last column": "标签是最后一列",
    "{domain}: every label is {value} ({column}): there is nothing to learn": (
        "{domain}：{column}的标签全部为 {value}，没有可学习的内容"
    ),
    "{domain}: only {count:,} of {rows:,} labels are {value} ({column})": (
        "{domain}：{column}的 {rows:,} 个标签中只有 {count:,} 个为 {value}"
    ),
    "{domain}: the label is {column}: {zeros:.4g} % are 0, {ones:.4g} % are 1": (
        "{domain}：标签为{column}，其中 0 占 {zeros:.4g}%，1 占 {ones:.4g}%"
    ),
    "{unused:,} of {rows:,} rows ({percent:.2g} %) fill no batch and are not used": (
        "{rows:,} 行中有 {unused:,} 行（{percent:.2g}%）不足一个批次，未被使用"
    ),
    "{unused}; batch_size = {better} leaves out {left}": "{unused}；batch_size = {better} 时只剩 {left} 行",
    "{unused}; batch_size = {better} uses all": "{unused}；batch_size = {better} 时全部使用",
    # training that diverges
    "{place}: training may diverge: {terms} = {value:.4g} is above 1, and above 2 it surely does; {advice}": (
        "{place}：训练可能发散：{terms} = {value:.4g} 大于 1，大于 2 时必然发散；{advice}"
    ),
    "{place}: training may diverge; {advice}": "{place}：训练可能发散；{advice}",
    "learning_rate / 8 * {factor:.4g} (the column's mean square)": "learning_rate / 8 * {factor:.4g}（该列的均方）",
    "learning_rate / 8 * {factor:.4g} (the largest eigenvalue of this party's X^T X / n)": (
        "learning_rate / 8 * {factor:.4g}（该方 X^T X / n 的最大特征值）"
    ),
    "learning_rate / 8 * {factor:.4g} (this party's X^T X / n, in batches of {rows})": (
        "learning_rate / 8 * {factor:.4g}（该方的 X^T X / n，每批 {rows} 行）"
    ),
    "{first}, or {second}": "{first}，或{second}",
    "set learning_rate to {rate:g}": "请把 learning_rate 设为 {rate:g}",
    "scale the features to [-1, 1] (scale: minmax)": "请把特征缩放到 [-1, 1]（scale: minmax）",
    "divide the features by {factor:g}": "请把特征除以 {factor:g}",
    "scale the features to [-1, 1] (scale: minmax) and lower learning_rate": (
        "请把特征缩放到 [-1, 1]（scale: minmax），并减小 learning_rate"
    ),
    "the weight of {feature} is {weight:.3g}, and this job's steps reach {reach:.3g} at most: {why}; {advice}": (
        "{feature} 的权重为 {weight:.3g}，而本作业的训练步最多只能达到 {reach:.3g}：{why}；{advice}"
    ),
    "the training has diverged, or a product has wrapped around the ring": "训练已发散，或有乘积在环上溢出",
    "scale the features to [-1, 1] (scale: minmax), or lower learning_rate": (
        "请把特征缩放到 [-1, 1]（scale: minmax），或减小 learning_rate"
    ),
    "Teacher's shadow: the plaintext run diverges as well": "教师对照：明文训练同样发散",
    "Repeatable run with seed {seed}: nothing in it is secret.": (
        "本次运行使用固定种子 {seed}，结果可复现，因此不具备保密性。"
    ),
    "No result of {task}: {reason}": "没有 {task} 的结果：{reason}",
    "{first} and {second} have trained a model together. Each has a share of it that looks random.": (
        "{first} 和 {second} 共同训练出一个模型，各持有一个看上去随机的分片。"
    ),
    "What {node} has: its share of the weights, which alone says nothing": (
        "{node} 持有的内容：权重的一个分片，单独看没有任何意义"
    ),
    "It is agreed that {who} will learn the result of task {task}.": "双方约定：{who} 将得知任务 {task} 的结果。",
    "{peer}'s node is elsewhere: what happens there is not known here, and its columns are empty.": (
        "{peer} 的节点在别处：此处不知道那里发生的事，表中对应的列为空。"
    ),
    "The weights are not known here: {reason}.": "此处不知道权重：{reason}。",
    "only {peer} has its own: the job says reveal: {reveal}": "只有 {peer} 持有它自己的结果：作业规定 reveal: {reveal}",
    "{peer} has not sent its own: {reason}": "{peer} 没有发送它的结果：{reason}",
    "This learning rate hardly moves the weights: they stay near 0.": "学习率太小，权重几乎不动，停留在 0 附近。",
    "{name} is used {change}: the job has too few digits for it.": "{name} {change}：作业的位数不够表示它。",
    "Tasks": "任务",
    "accuracy {accuracy:.3f}": "准确率 {accuracy:.3f}",
    "accuracy {accuracy:.3f}, AUC {auc:.3f}": "准确率 {accuracy:.3f}，AUC {auc:.3f}",
    "{quality} on {rows:,.0f} held-out rows of {owner}": "{quality}（{owner} 的 {rows:,.0f} 条留出样本）",
    "{quality} on {rows:,.0f} rows of {owner}": "{quality}（{owner} 的 {rows:,.0f} 条样本）",
    (
        "{receiver} has learned {rows} scores. Each tells one number about a row of {other}: what its columns add to"
        " it. With many more rows than columns, {receiver} can also estimate the weights of its own columns."
    ): (
        "{receiver} 得到 {rows} 个得分。每个得分会透露 {other} 对应样本的一个数：其特征列对得分的贡献。"
        "样本数远多于列数时，{receiver} 还可以估计自己各列的权重。"
    ),
    "The model was evaluated on the rows that it was trained on: new ones will do worse. Set holdout in ss_lr.": (
        "评估所用的样本参与过训练，新样本上的效果会更差。请在 ss_lr 中设置 holdout。"
    ),
    "What it has written: %kuscia result {name}": "作业的输出：%kuscia result {name}",
    "This is how it stood at {time}. kn.connect().job({name!r}) in a cell shows how it stands now.": (
        "以上是 {time} 的状态。在单元格中运行 kn.connect().job({name!r}) 可查看当前状态。"
    ),
    "not begun: {tasks}": "未开始：{tasks}",
    "{owner}'s job waits to be approved here: %kuscia approve {name}, or %kuscia refuse {name}": (
        "{owner} 的作业正在等待本节点批准：用 %kuscia approve {name} 批准，或用 %kuscia refuse {name} 拒绝"
    ),
    "{peer} has to approve this job at its own node before anything runs": (
        "此作业需先由 {peer} 在其节点上批准，之后才会运行"
    ),
    # the buttons
    "Stop": "停止",
    "Delete": "删除",
    "Stop the job on both nodes; the cell then ends with an error": "在两个节点上停止该作业；单元格随后以错误结束",
    "Stop the job and forget it on both nodes; its files stay": "停止该作业并在两个节点上删除其记录；结果文件会保留",
    "While this cell runs, the kernel hears no buttons: interrupt it (■) to stop the job": (
        "单元格运行期间按钮无法响应；要停止作业请中断内核（■）"
    ),
    "Approve": "批准",
    "Refuse": "拒绝",
    "approving …": "正在批准 …",
    "refusing …": "正在拒绝 …",
    "stopping …": "正在停止 …",
    "deleting …": "正在删除 …",
    # how far the parties are
    "Progress": "进度",
    "progress": "进度",
    "party": "参与方",
    "task": "任务",
    "phase": "阶段",
    "epoch {epoch:,}/{epochs:,}, batch {batch:,}/{batches:,}": (
        "第 {epoch:,}/{epochs:,} 轮，第 {batch:,}/{batches:,} 批"
    ),
    "step {done:,} of {steps:,}": "第 {done:,} 步，共 {steps:,} 步",
    "{rate:,.0f} steps/s": "每秒 {rate:,.0f} 步",
    "{time} left": "剩余 {time}",
    "{alias} on {node}": "{node} 上的 {alias}",
    "… and {count:,} more": "… 另有 {count:,} 项",
    "Messages: {messages:,} · {size} · rounds: {rounds:,} · calls of the TTP: {calls:,}": (
        "消息：{messages:,} 条 · {size} · 通信轮数：{rounds:,} · 可信第三方调用：{calls:,} 次"
    ),
    # tables
    "Conditions": "状况",
    "condition": "状况",
    "of": "所属",
    "job": "作业",
    "Traffic (a round: messages that need not wait for each other)": "通信量（同一轮的消息无须互相等待）",
    "{name}: no program has begun, after {seconds:.0f} s": "{name}：程序尚未启动，已等待 {seconds:.0f} 秒",
    "from": "发送方",
    "to": "接收方",
    "messages": "消息",
    "rounds": "通信轮数",
    "bytes": "字节",
    "in all": "合计",
    "Weights (each share is random, their sum modulo 2^64 is the weight)": (
        "权重（每个分片都是随机数，模 2^64 相加才是权重）"
    ),
    "Weights (first and last of {count:,}; job.weights() has all)": (
        "权重（共 {count:,} 个，显示首尾部分；job.weights() 给出全部）"
    ),
    "Teacher's shadow: plaintext of both parties, computed by the observer; errors in ulp = 2^-{bits}": (
        "教师对照：观察者用双方明文数据计算的结果；误差单位 ulp = 2^-{bits}"
    ),
    "No teacher's shadow of {task}: {reason}": "没有 {task} 的教师对照：{reason}",
    "Teacher's shadow: log loss on the training rows, computed by the observer; no party knows it": (
        "教师对照：训练样本上的对数损失，由观察者计算，任何一方都不知道"
    ),
    "after epoch {epoch:,} of {of:,}: {secret:.4f} on shares, {plaintext:.4f} in plaintext (a coin: 0.6931)": (
        "第 {epoch:,}/{of:,} 轮之后：分片上 {secret:.4f}，明文 {plaintext:.4f}（抛硬币：0.6931）"
    ),
    "on shares": "分片上",
    "a coin": "抛硬币",
    "epoch": "轮次",
    "plaintext": "明文",
    "error in ulp": "误差（ulp）",
    "feature": "特征",
    "owner": "所有者",
    "share of {node}": "{node} 的分片",
    "weight": "权重",
    "in original units": "原始单位下的权重",
    "nothing yet": "暂无",
}
