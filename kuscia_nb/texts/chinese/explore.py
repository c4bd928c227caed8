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
    "round": "轮次",
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
    # every form
    "{again}: with fresh random numbers": "{again}：使用新的随机数",
    "{name}: result": "{name}：结果",
}
