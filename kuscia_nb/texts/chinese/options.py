"""What the options of a magic mean."""

from __future__ import annotations

OPTIONS = {
    "do not wait for the end; the job runs in the background": "不等待结束，作业在后台运行",
    "put the Job into this variable, before it ends": "在作业结束前就把 Job 存入该变量",
    "live: show the job while it runs; plain: only what became of it; none: nothing": (
        "live：运行时实时显示；plain：只显示结果；none：不显示"
    ),
    "stop the job if it takes longer": "作业超过该时间则停止",
    "of the job view: en, zh, or auto (JupyterLab's, or LANG)": (
        "作业视图的语言：en、zh 或 auto（JupyterLab 的语言或 LANG）"
    ),
    "delete a finished job of this name first": "先删除同名的已结束作业",
    "how products of secrets are made: triples in bulk, or message by message as interconnection peers do it": (
        "秘密乘积的计算方式：批量生成三元组，或像互联互通对端那样逐条消息计算"
    ),
    "how products are truncated: by each party alone, with the TTP's help, which never fails, or so where the "
    "other would fail too often (auto)": (
        "乘积的截断方式：各方自行截断，或借助可信第三方（不会失败），或仅在前者失败过多时借助可信第三方（auto）"
    ),
    "a repeatable run, for teaching: nothing in it is secret; runs with one seed have the same masks": (
        "使运行可复现，用于教学，因此不具备保密性；种子相同的运行使用相同的掩码"
    ),
    "both parties compare digests of all messages before the job succeeds, and check what the TTP gives them": (
        "作业成功之前，双方比对所有消息的摘要，并检验可信第三方给出的结果"
    ),
    'inject faults on purpose, to see what is noticed of them: "drop:7", "flip:3@alice", "disk-full@bob", ...': (
        '故意注入故障，看看哪些会被发现："drop:7"、"flip:3@alice"、"disk-full@bob" 等'
    ),
    "the job fails on both nodes if it takes longer": "作业超过该时间则在双方节点上都以失败结束",
    "what is written down of the messages: numbers too, their sizes (which costs next to nothing), or nothing": (
        "记录消息的哪些内容：包括数值、只记大小（几乎没有开销）或不记录"
    ),
    "for teaching: compare with the same training in plaintext, which only an observer of both nodes can": (
        "用于教学：与同样的明文训练对比，只有能看到双方节点的观察者才能做到"
    ),
    "megabytes of memory for both parties' columns, half of the machine's if it is not said: a party whose "
    "columns take more than half of that reads them from a file, block by block, while it trains": (
        "双方的列可用的内存，单位 MB，缺省为本机内存的一半；某一方的列超过其中一半时，训练中从文件分块读取"
    ),
}
