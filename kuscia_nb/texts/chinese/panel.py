r"""What the side panel says, and the parameters of operators in its form: %1 is a hole, \x04 comes after a context."""

from __future__ import annotations

PANEL = {
    "%1 has %2: %3 rows, %4 columns": "%1 已有 %2：%3 行，%4 列",
    "%1 has not loaded kuscia_nb yet.": "%1 尚未加载 kuscia_nb。",
    "%1 on %2": "%2 上的 %1",
    "%1 running": "%1 个运行中",
    "%1, %2": "%1，%2",
    "%1, allowed: %2": "%1，允许的值：%2",
    "%1, guest": "%1，guest",
    "%1, host: starts the job": "%1，host：发起作业",
    "%1: a BFIA request in JSON": "%1：JSON 格式的 BFIA 请求",
    "%1: a KusciaJob in YAML": "%1：YAML 格式的 KusciaJob",
    "0 or more": "0 或更大",
    "0 to 1": "0 到 1",
    "1 or more": "1 或更大",
    "1 to 30 (a product has 2 * fxp_bits fraction bits and has to stay below 2^63)": (
        "1 到 30（乘积有 2 * fxp_bits 个小数位，且必须小于 2^63）"
    ),
    "A CSV file of %1; only %1 reads it.": "%1 的 CSV 文件，只有 %1 能读取。",
    "A cell runs, and this kernel hears the panel only when it has ended. To stop a job that the cell waits for, "
    "interrupt the kernel (■).": (
        "有单元格正在运行，此内核要等它结束才能收到面板的消息。要停止单元格正在等待的作业，请中断内核（■）。"
    ),
    "a party, such as host.0": "一个参与方，例如 host.0",
    "a PEM file in base64": "base64 编码的 PEM 文件",
    "a trusted third party helps with products of secrets": "由可信第三方协助计算秘密的乘积",
    "any text": "任意文本",
    "Ask again": "重新查询",
    "Ask the kernel again": "重新查询内核",
    "Asking the kernel of %1.": "正在查询 %1 的内核。",
    "Asking the kernel, which starts the nodes…": "正在查询内核，节点随之启动…",
    "batch %1/%2": "第 %1/%2 批",
    "bits": "位",
    "bool": "布尔值",
    "Cancel": "取消",
    "Cell": "单元格",
    "choice": "选项",
    "columns": "列",
    "Copied: %1": "已复制：%1",
    "Copy a file of this computer into the data folder of a node": "把本机的文件复制到某个节点的数据文件夹",
    "Copy kubectl Line": "复制 kubectl 命令",
    "Copy the line that asks a node for what is selected": "复制向节点查询所选对象的命令",
    "Copy the tutorials into a folder of yours, and open the first one": "把教程复制到您的文件夹，并打开第一个",
    "Delete": "删除",
    "Delete %1?": "删除 %1？",
    "Delete Job…": "删除作业…",
    "Delete the selected job on both nodes": "在两个节点上删除所选作业",
    "each party cuts its own share of a product": "每一方各自截断自己的乘积分片",
    "epoch %1/%2": "第 %1/%2 轮",
    "epochs": "轮",
    "Fill in a form, and insert the cell of a new job": "填写表单，插入新作业的单元格",
    "Filter jobs": "筛选作业",
    "Filter jobs by name or phase": "按名称或阶段筛选作业",
    "float": "浮点数",
    "fraction bits: numbers are multiples of 2^-fxp_bits": "小数位数；数值均为 2^-fxp_bits 的整数倍",
    "gradients get l2_norm * w added, but not the intercept's": "梯度加上 l2_norm * w，截距的梯度除外",
    "host:port": "主机:端口",
    "how many features each party has": "每一方有多少个特征",
    "how many lines come before the first row of a data file": "数据文件第一行数据之前有多少行",
    "how often all rows are used": "训练轮数（遍历全部样本的次数）",
    "how seeds are encrypted for the TTP": "发给 TTP 的种子如何加密",
    "how weights follow from gradients": "如何由梯度更新权重",
    "Insert": "插入",
    "Insert and run": "插入并运行",
    "Insert and run a cell with %1": "插入并运行一个单元格：%1",
    "Insert and run a cell with the shares and weights of the selected job": (
        "插入并运行一个单元格，显示所选作业的分片和权重"
    ),
    "int": "整数",
    "It is stopped if it runs, and deleted on both nodes. Its result files stay.": (
        "如果作业正在运行，会先停止；随后在两个节点上删除。结果文件会保留。"
    ),
    "Job": "作业",
    "Kuscia": "Kuscia",
    "Kuscia Tutorials": "Kuscia 教程",
    "lines": "行",
    "Load it": "加载",
    "Load kuscia_nb into the Notebook": "在 Notebook 中加载 kuscia_nb",
    "Missing or wrong: %1": "缺少或有误：%1",
    "more than 0": "大于 0",
    "New Job": "新建作业",
    "New Job…": "新建作业…",
    "New job": "新建作业",
    "New job for %1": "为 %1 新建作业",
    "No job has “%1” in its name or phase.": "没有名称或阶段包含“%1”的作业。",
    "No job yet. Put a manifest into a cell below %1, or": "还没有作业。可以在单元格的 %1 下写入作业配置，或者",
    "Nodes, jobs and tasks": "节点、作业和任务",
    "Onto which node?": "上传到哪个节点？",
    "Open Trace": "打开轨迹",
    "Open a notebook to see its nodes, jobs and tasks here.": "打开一个 Notebook，即可在这里看到它的节点、作业和任务。",
    "Optional parameters (%1)": "可选参数（%1）",
    "Parameters": "参数",
    "rank": "序号",
    "Reading the trace of %1…": "正在读取 %1 的轨迹…",
    "rows": "行",
    "rows left over in an epoch are not used": "一轮中剩余不足一批的行不使用",
    "rows of one training step": "批大小（每步使用的样本数）",
    "shares are numbers modulo 2^field": "分片是模 2^field 的数",
    "shares travel as little-endian integers": "分片以小端整数传输",
    "Show all jobs": "显示所有作业",
    "Show Kuscia Panel": "显示 Kuscia 面板",
    "Show Result": "显示结果",
    "Show YAML": "显示 YAML",
    "Show the nodes, jobs and tasks of the active notebook": "显示当前 Notebook 的节点、作业和任务",
    "Show the selected job as its node has it": "显示节点上所选作业的对象",
    "Step through the messages of the selected job": "逐条查看所选作业的消息",
    "Stop %1 on both nodes": "在两个节点上停止 %1",
    "Stop Job": "停止作业",
    "Stop the selected job on both nodes": "在两个节点上停止所选作业",
    "text": "文本",
    "the algorithm": "算法",
    "The cell is shown here once all that is needed is filled in.": "填写完必填项后，这里会显示单元格的内容。",
    "The cell to be inserted": "将要插入的单元格",
    "The kernel has closed the connection.": "内核已关闭连接。",
    "The kernel is not connected.": "内核未连接。",
    "The kernel of this notebook has not loaded kuscia_nb. Run %1 in a cell.": (
        "此 Notebook 的内核尚未加载 kuscia_nb。请在单元格中运行 %1。"
    ),
    "the key of the TTP": "TTP 的公钥",
    "the party that fetches corrections from the TTP": "从 TTP 取修正值的一方",
    "the party with the label": "持有标签的一方",
    "the secret sharing protocol": "秘密分享协议",
    "the session at the TTP": "在 TTP 的会话",
    "the sigmoid is taken as 0.5 + 0.125 x": "sigmoid 取为 0.5 + 0.125 x",
    "The tutorials could not be opened": "无法打开教程",
    "This inserts and runs a cell with": "将插入并运行单元格：",
    "times a batch's mean gradient, a training step": "每步更新量 = 学习率 × 批平均梯度",
    "Trace of %1": "%1 的轨迹",
    "Try again": "重试",
    """Two parties train a logistic regression on their columns, neither seeing the other's.

Both files have the same rows in the same order: that of ecdh_psi, whose output may be the input here, or one that
the parties have agreed on. With an id_column at both, that is checked; ids are no features. The party with
has_label has the label, 0 or 1, in its last column. Each party may scale its columns. Its output is its own share
of the weights; only both shares together are the model. In the JSON file beside it are the names of this party's
columns and how they were scaled.""": (
        "双方用各自的特征列联合训练逻辑回归模型，任一方都看不到对方的数据。\n"
        "\n"
        "两个文件的行相同，顺序也相同：可以直接使用 ecdh_psi 的输出，也可以由双方事先约定。双方都给出 id_column 时会"
        "检查 ID 是否逐行一致；ID 不作为特征。has_label 为 true 的一方，最后一列是标签，取值 0 或 1。各方可以缩放自己"
        "的特征列。每一方的输出是自己的权重分片；两个分片合起来才是模型。输出旁边的 JSON 文件记录该方的列名和缩放方式"
        "。"
    ),
    "Upload CSV File to Node…": "上传 CSV 文件到节点…",
    "Upload a CSV file for %1": "为 %1 上传 CSV 文件",
    "Upload…": "上传…",
    "Waiting for the kernel of %1.": "正在等待 %1 的内核。",
    "cell": "单元格",
    "choose a file": "选择文件",
    "condition": "状况",
    "data file (%1)": "数据文件（%1）",
    "default: %1": "默认值：%1",
    "how the job is written down; both run the same": "作业的书写格式，两种运行效果相同",
    "initiator": "发起方",
    "job": "作业",
    "job name": "作业名称",
    "lowercase letters, digits, - and .": "小写字母、数字、- 和 .",
    "node": "节点",
    "not given": "不填",
    "operator": "算子",
    "party": "参与方",
    "task": "任务",
    "the node that starts the job": "发起作业的节点",
    "trusted third party": "可信第三方",
    "schema\x04Kuscia": "Kuscia",
    "schema\x04The side panel with nodes, jobs and tasks": "显示节点、作业和任务的侧边栏面板",
    "settings\x04Side": "位置",
    "settings\x04The side of the window on which the panel is": "面板位于窗口的哪一侧",
    "weight of the L0 penalty: the reference operator ignores it, so it has to be 0 here": (
        "L0 惩罚项的权重：参考算子会忽略它，所以这里必须为 0"
    ),
    "weight of the L1 penalty: the reference operator ignores it, so it has to be 0 here": (
        "L1 惩罚项的权重：参考算子会忽略它，所以这里必须为 0"
    ),
    "what it computes with: secret sharing": "计算所用的技术：秘密分享",
    "where the TTP is": "TTP 的地址",
    "whether the last column of this party's file is the label; not needed with label_owner": (
        "该方文件的最后一列是否为标签；给出 label_owner 时不需要"
    ),
    """Two parties find out which ids both of them have, and bring those rows into one order.

Each party's file has a column of ids, which are texts that occur once. Its output is the rows whose ids both
parties have, with the ids first: row 1 of one output belongs to row 1 of the other, as ss_lr needs it. The order
is that of the ids' twice blinded points: random, new in every run, and known to whoever knows the result.

Each party learns which of its ids the other one has, so how many these are, and how many rows the other one has. Of
the other ids it learns nothing but how many of their hashes are points of the curve itself, about half of them.
With result_to_rank, one party alone learns the ids; the other one learns the number of rows, and gets no rows.""": (
        "隐私求交（PSI）：双方找出共同的 ID，并把对应的行排成相同的顺序（样本对齐）。\n"
        "\n"
        "每一方的文件都有一个 ID 列，ID 是文本，不能重复。每一方的输出是共同 ID 对应的行，ID 在第一列；双方输出的第 "
        "1 行彼此对应，可直接用于 ss_lr。输出按两次盲化后的点排序：顺序是随机的，每次运行都不同，只有得到结果的参与方"
        "知道。\n"
        "\n"
        "每一方都会知道自己的哪些 ID 对方也有，因此也知道共同 ID 的个数，以及对方的行数。对于其余 ID，只能知道对方有"
        "多少个 ID 的哈希值落在曲线本身上，约占一半。使用 result_to_rank 时，只有一方知道共同的 ID；另一方只知道行数"
        "，得不到任何行。"
    ),
    """Score rows with a model of which each party has a share; one party learns the scores, the other nothing.

The inputs are the result of ss_lr and, if an earlier task has made them, the rows; else each party names its file.
Rows need no label. The receiver writes a CSV file: id (if there is one), score, probability = 0.5 + score / 8, cut
to [0, 1] (the sigmoid of the training), and the predicted class, 1 from 0.5 on. A score says one number about the
other party's row.""": (
        "用双方各持一个分片的模型计算得分；一方得到得分，另一方什么也得不到。\n"
        "\n"
        "输入是 ss_lr 的结果；如果前面的任务已生成数据行，也作为输入，否则各方指定自己的文件。数据行不需要标签。接收"
        "方写出一个 CSV 文件：ID（如果有）、得分、概率（0.5 + 得分 / 8，限制在 [0, 1]，即训练所用的 sigmoid），以及预"
        "测类别（概率不低于 0.5 时为 1）。每个得分会透露对方对应行的一个数。"
    ),
    """Say how good a model is, on rows whose labels one party has.

The inputs are those of ss_lr_predict. The owner of the labels learns the scores and writes a report: accuracy, AUC,
KS, log loss, confusion matrix, ROC, calibration and lift. With share_metrics the other party gets the numbers, and
never scores or curves. If ss_lr has held rows out, these are evaluated, and no others.""": (
        "在一方持有标签的数据行上评估模型的效果。\n"
        "\n"
        "输入与 ss_lr_predict 相同。持有标签的一方得到得分，并写出评估报告：准确率、AUC、KS、对数损失、混淆矩阵、ROC "
        "曲线、校准曲线和提升度。share_metrics 为 true 时，对方得到各项指标的数值，但得不到得分和曲线。如果 ss_lr 留"
        "出了一部分行，则只评估留出的行。"
    ),
    "0 to less than 1": "0 到 1（不含 1）",
    "from which probability on a row counts as 1": "概率不低于此值的行判为 1",
    "how a hash becomes a point: it is taken for its x": "如何把哈希值变成曲线上的点：把哈希值当作 x 坐标",
    "how a point travels: its x": "点的传输格式：x 坐标",
    "how this party scales its columns: to mean 0 and deviation 1, or to [0, 1]; neither leaves the node": (
        "该方如何缩放自己的特征列：均值 0、标准差 1，或缩放到 [0, 1]；所用的统计量不会离开节点"
    ),
    "of the rows": "占总行数的比例",
    "points are compared whole": "比较完整的点，不截断",
    "the column with ids, which is no feature; if both parties have one, their ids have to agree row by row": (
        "ID 列，不作为特征；双方都给出时，ID 必须逐行一致"
    ),
    "the column with the ids": "ID 列",
    "the column with this party's ids, if it is not field_names": "该方的 ID 列，与 field_names 不同时填写",
    "the curve": "椭圆曲线",
    "the hash of an id": "ID 的哈希算法",
    "the id of a task": "任务的 ID",
    "the name of a column": "列名",
    "the name of one column": "一个列名",
    "the party that learns the scores; left out, it is the one that had the label in the training": (
        "得到得分的参与方；不填时为训练时持有标签的一方"
    ),
    "the ss_lr task of an earlier job whose model is used; left out where a task of this job is the input": (
        "使用哪个 ss_lr 任务（来自之前的作业）的模型；以本作业的任务为输入时不填"
    ),
    "what it computes with: an elliptic curve": "计算所用的技术：椭圆曲线",
    "whether the numbers (never scores or curves) are sent to the party without labels": (
        "是否把各项指标的数值发给没有标签的一方（不包括得分和曲线）"
    ),
    "which part of the rows is kept out of training, to evaluate the model with; the same rows at both parties": (
        "留出多大比例的行不参与训练、用于评估模型；双方留出相同的行"
    ),
    "which part of the rows, those that ss_lr has held out; left out, as in the training; 0 evaluates all rows": (
        "评估多大比例的行，即 ss_lr 留出的行；不填时与训练相同；0 表示评估所有行"
    ),
    "none, both, or the name of a node": "none、both 或节点名称",
    "who learns the weights after the training, where each party has a node of its own: none, both, or one node": (
        "各方各有自己的节点时，训练后谁得到权重：none（无人）、both（双方）或某个节点"
    ),
    "who gets the result; -1: both parties": "哪一方得到结果；-1 表示双方",
    "Show Log": "显示日志",
    "Show what the selected task has logged on its node": "显示所选任务在其节点上写下的日志",
    "Log of %1 on %2": "%2 上 %1 的日志",
    "Preview Data File…": "预览数据文件…",
    "Show the first rows of a file in the data folder of a node": "显示节点数据文件夹中某个文件的前几行",
    "Of which node?": "哪个节点的？",
    "Which file of %1?": "%1 的哪个文件？",
    "Tasks: %1": "任务：%1",
    "Preview": "预览",
    "Preview the file of %1": "预览 %1 的文件",
    "more than %1 rows; types are those of the first %1": "多于 %1 行；类型按前 %1 行判断",
    "The first rows of %1": "%1 的前几行",
    "%1: %2, %3. Only this node has it.": "%1：%2，%3。只有该节点有此文件。",
    "whole number": "整数",
    "number": "数",
    "empty": "空",
    "%1, %2 missing": "%1，缺 %2 个",
    "align, train, predict, evaluate": "对齐、训练、预测、评估",
    "train, predict, evaluate": "训练、预测、评估",
    "Bring the rows of two files into one order by their ids, train a model on them, say how good it is on rows that "
    "were held out, and score all rows.": (
        "按 id 把两个文件的行排成同一顺序，用它们训练一个模型，在留出的行上说明模型好坏，并为所有行打分。"
    ),
    "The same for two files whose rows are in the same order already.": "同上，用于两个行序已经一致的文件。",
    "the node whose file has the label, 0 or 1, in its last column; it alone learns the scores": (
        "哪个节点的文件在最后一列有标签（0 或 1）；只有它得知分数"
    ),
    "the column with ids in both files; it is no feature": "两个文件中的 id 列；它不是特征",
    "times a batch's mean gradient, a training step; left empty, it is chosen by how many rows and columns the files "
    "have": "每步更新量 = 学习率 × 批平均梯度；留空时按文件的行数和列数选定",
    "rows of one training step; left empty, it is chosen by how many rows and columns the files have": (
        "批大小（每步使用的样本数）；留空时按文件的行数和列数选定"
    ),
    "how often all rows are used; left empty, it is chosen by how many rows and columns the files have": (
        "训练轮数（遍历全部样本的次数）；留空时按文件的行数和列数选定"
    ),
    "gradients get l2_norm * w added, but not the intercept's; left empty, it is chosen by how many rows and columns "
    "the files have": "梯度加上 l2_norm * w，截距的梯度除外；留空时按文件的行数和列数选定",
}

COUNTED = {
    "%1 job": "%1 个作业",
    "%1 job running": "%1 个作业运行中",
    "%2 message": "%2 条消息",
    "%1 request": "%1 次请求",
    "%1 row": "%1 行",
    "%1 column": "%1 列",
}
"""Of one or many: JupyterLab knows a plural by its second text, which Chinese does not have."""
