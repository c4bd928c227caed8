// Made from labextension/src/viewer: npm run build:viewer

// src/viewer/chinese.json
var chinese_default = {
  "Trace of {job}": "{job} 的轨迹",
  Trace: "轨迹",
  "Protocol trace": "协议轨迹",
  "step {i}, the last is {n}": "第 {i} 步，最后一步是 {n}",
  "message {i}, the last is {n}": "第 {i} 条消息，最后一条是 {n}",
  "Observer's trace: it has the numbers of all parties. A lens only covers them; they are in this page.": "观察者的轨迹：包含各方的全部数值。视角只是隐藏它们，数据仍在本页面中。",
  'Sizes only: --trace full (in Python trace="full") records the numbers of every step.': '只有大小：用 --trace full（Python 中 trace="full"）记录每一步的数值。',
  "Repeatable run with a seed: nothing in it is secret.": "本次运行使用固定种子，结果可复现，因此不具备保密性。",
  "Not in this view: {n} steps from the middle of their tasks; trace.steps has them.": "此视图中没有各任务中段的 {n} 步，trace.steps 里有。",
  "Not in this view: {n} messages from the middle of their tasks; trace.messages has them.": "此视图中没有各任务中段的 {n} 条消息，trace.messages 里有。",
  "Of each array the first {k} elements are here; the trace keeps more.": "这里每个数组只有前 {k} 个元素，轨迹中有更多。",
  "Of each array the first element is here; the trace keeps more.": "这里每个数组只有第一个元素，轨迹中有更多。",
  "Not kept: {n} operations from the middle of the run.": "未保留：运行中段的 {n} 个操作。",
  "{n} later messages are counted, not listed.": "之后的 {n} 条消息只计数，未列出。",
  "First step": "第一步",
  "Step back": "后退一步",
  Play: "播放",
  Pause: "暂停",
  "Step forward": "前进一步",
  "Last step": "最后一步",
  "Step by step": "逐步浏览",
  "Position in the trace": "在轨迹中的位置",
  Batch: "批次",
  "outside of training": "训练之外",
  "batch {b}": "批次 {b}",
  "epoch {e}, batch {b}": "训练轮次 {e}，批次 {b}",
  "{place}, task {task}": "{place}，任务 {task}",
  "Go to next": "跳到下一个",
  "choose an operation": "选择操作",
  "Seen by": "视角",
  observer: "观察者",
  TTP: "TTP",
  Numbers: "数值",
  ring: "环",
  "fixed point": "定点数",
  Element: "元素",
  hidden: "不可见",
  both: "双方",
  Formulas: "公式",
  Messages: "消息",
  name: "名称",
  of: "属于",
  shape: "形状",
  "first elements": "前几个元素",
  "both, added": "双方之和",
  from: "发送方",
  to: "接收方",
  what: "内容",
  bytes: "字节",
  content: "数值",
  round: "轮",
  "not in the trace": "轨迹中没有",
  "no message": "没有消息",
  "Nothing is computed.": "没有计算。",
  "No numbers.": "没有数值。",
  computes: "计算",
  "Sequence diagram around the current step": "当前步骤附近的时序图",
  "Kinds of steps around the current one: TTP, messages, local": "当前步骤附近的步骤种类：TTP、消息、本地",
  "Keys: ← → step, Page Up/Down batch, Home End, Space play, 1–4 seen by, F numbers, T tour": "按键：← → 单步，Page Up/Down 批次，Home End，空格 播放，1–4 视角，F 数值，T 导览",
  "Keys: ← → step, Home End, Space play": "按键：← → 单步，Home End，空格 播放",
  Tour: "导览",
  "Guided tour (T)": "分步导览（T）",
  "Tour: {i} of {n}": "导览：第 {i} 站，共 {n} 站",
  "Back in the tour": "上一站",
  "On with the tour": "下一站",
  "{who} is asked: ": "提问{who}：",
  Answer: "答案",
  "{n} steps are not in this view": "有 {n} 步不在此视图中",
  "Told to the TTP: {list}": "告知 TTP：{list}",
  "counter {c}, {n} elements": "计数器 {c}，{n} 个元素",
  "{where}: {title}, {op}. Seen by {lens}.": "{where}：{title}，{op}。视角：{lens}。",
  "…": "…",
  "Seed to the TTP": "把种子交给 TTP",
  "Each party gives the TTP a fresh 16-byte seed for its parts of triples. The trace does not have it.": "双方各把一个新的 16 字节种子交给 TTP，用来生成三元组分片。轨迹记录里没有种子。",
  Message: "消息",
  "A message from party to party: terms, shapes or a seed. Its content is not in the trace.": "双方之间的消息：参数、形状或种子。轨迹记录里没有内容。",
  Exchange: "交换",
  "Both parties send something.": "双方互相发送数据。",
  "Private input": "私有输入",
  "The owner's share is the value itself, the peer's is zero; nothing is sent.": "所有者的分片就是数据本身，对方的分片是零；不发消息。",
  "Public value as shares": "把公开值变成分片",
  "Both know both seeds of these random numbers: this changes the form, it hides nothing.": "双方都知道这两个种子：这只改变形式，并不隐藏什么。",
  "Beaver triple": "Beaver 三元组",
  "Both draw their parts of a, b and c from their own seeds; the TTP draws them again and tells one party the correction d, so that a · b = c.": "双方各自用种子生成 a、b、c 的分片；TTP 重新生成它们，并把修正值 d 发给其中一方，使 a · b = c。",
  "Open x - a": "公开 x − a",
  "x is masked by the random a; both send their part, and both learn e, which says nothing about x.": "用随机数 a 掩藏 x；双方发送各自的分片并得到 e，e 不泄露 x。",
  "Open y - b": "公开 y − b",
  "y is masked by the random b; both send their part, and both learn g, which says nothing about y.": "用随机数 b 掩藏 y；双方发送各自的分片并得到 g，g 不泄露 y。",
  "Product from the triple": "用三元组合成乘积",
  "From what was opened and its part of the triple each party computes its share of the product: no message.": "双方用公开的 e、g 和自己的三元组分片在本地算出乘积的分片，不发消息。",
  Truncate: "截断",
  "Each party shifts its own share to the right: rank 0 rounds down, rank 1 up. No message.": "双方各自把分片右移：rank 0 的一方向下取整，rank 1 的一方向上取整。不发消息。",
  "Pair for a truncation": "为截断准备的随机数对",
  "Each party draws a number a of its own and its part of c; the TTP draws them again and tells one party the correction d, so that the product of both a is the sum of both c.": "双方各自生成自己的 a 和 c 的分片；TTP 重新生成它们，并把修正值 d 发给其中一方，使双方的 a 之积等于双方的 c 之和。",
  "Send a masked bit": "发送带掩码的最高位",
  "The two shares wrap around 2^64 if the top bit u of both is 1. Each sends its bit, masked by its random a.": "双方最高位 u 都是 1 时，分片之和才会回绕 2^64。双方各发送自己的最高位，用随机数 a 遮住。",
  "Truncate with the TTP's help": "借助 TTP 截断",
  "m is a share of the product of both bits: whether the shares wrap. Each shifts its share and takes the wrap away: the result is less than a unit off, never by a wrap.": "m 是两个最高位之积的分片，表示分片之和是否回绕。双方各自右移分片并减去回绕：误差小于一个单位，绝不会因回绕而出错。",
  "Open a secret": "公开秘密值",
  "Both send their share, and both learn the sum: this is where a secret becomes known.": "双方发送分片并得到总和：秘密值在这里被公开。",
  "Mask the columns": "给各自的列加掩码",
  "Each party sends its columns once, masked by random A; F serves all products of this block.": "双方各发送一次以随机数 A 为掩码的列；F 供这一块的所有乘积使用。",
  "Vectors for a block of products": "为一块乘积准备的向量",
  "Each party draws a mask v for its share; the TTP makes both parts of A v; F v is added beforehand.": "双方各生成分片的掩码 v；TTP 给出 A v 的两个分片；F v 预先加上。",
  "Send a masked share": "发送带掩码的分片",
  "Each party sends its share for the peer's columns, masked by its random v.": "双方发送对应对方列的分片，用随机数 v 作掩码。",
  "Product with own columns": "与己方特征列相乘",
  "Each party multiplies its own columns with its share plus what the peer sent, and adds what was prepared.": "己方特征列 ×（己方分片 + 对方发来的掩码值）+ 预处理得到的 q。",
  "Product with a public vector": "与公开向量相乘",
  "Each party on its own share: no message.": "双方各自在自己的分片上计算，不发消息。",
  "Times a public number, truncated": "乘公开数并截断",
  Add: "相加",
  Subtract: "相减",
  Negate: "取负",
  "Add a public value": "加公开值",
  "Subtract a public value": "减公开值",
  "Subtract from a public value": "公开值减去秘密值",
  "Times a public value": "乘公开值",
  "Blind own ids": "盲化自己的 ID",
  "Each party multiplies the points of its hashed ids, H, with its secret number, and sends them in a random order: to the peer they are random points. The first 8 of each point's 32 bytes are shown.": "双方各自把 ID 哈希成曲线上的点 H，乘以自己的秘密数，并按随机顺序发送：对方看到的是随机点。只显示每个点 32 字节中的前 8 字节。",
  "Blind the peer's points": "盲化对方的点",
  "Each party multiplies what the peer has sent, Q, with its own secret number, and sends it back.": "双方各自把对方发来的点 Q 乘以自己的秘密数，再发回去。",
  Compare: "比较",
  "An id that both have is the same point by now, as it does not matter who was the first to multiply it: C are the points that both have.": "双方都有的 ID 此时是同一个点，因为谁先乘并不影响结果：C 是双方共有的点。",
  "Times a whole number": "乘整数",
  "Add a public multiple": "加上公开倍数",
  "Take the step": "更新权重",
  "Update the weights": "更新权重",
  "Each party on its own share, no message: h is the penalty's part of the gradient, and t is the step. The rate is learning_rate / batch_size; l2 is 0 for the intercept.": "各方只在自己的分片上计算，没有消息：h 是梯度中的正则化项，t 是更新量。rate = 学习率 / 批大小；截距的 l2 为 0。",
  "A product of two secrets begins with a message: each party sends a share minus a fresh random number, the mask.": "两个秘密值相乘，先要发一条消息：双方各自把分片减去一个新的随机数（掩码）再发送。",
  "What does {me} learn from the number that {peer} sends?": "{me} 能从 {peer} 发来的数中得知什么？",
  "Nothing. {me} does not know the mask, so every share of {peer}'s is as likely as it was before.": "什么也得不到。{me} 不知道掩码，{peer} 的分片取任何值的可能性都和之前一样。",
  "Does the TTP see this message?": "TTP 能看到这条消息吗？",
  "No, it goes from party to party. The TTP knows the masks, and never sees what they are taken from.": "不能，消息在双方之间传递。TTP 知道掩码，但看不到用掩码掩藏的数。",
  "The weights begin at 0. Are the first messages 0, too?": "权重从 0 开始。最先发送的消息也是 0 吗？",
  "No: 0 minus a mask is as random as the mask. Compare s, v and m in the table.": "不是：0 减去掩码，和掩码一样随机。请对比表中的 s、v 和 m。",
  "Each party makes its share z of the product from what came and what was prepared. No message.": "双方各自用收到的数和预处理好的数，算出乘积的分片 z。没有消息。",
  "Does {me} know a prediction now?": "{me} 现在知道某个预测值吗？",
  "No. {me} has one share of each; without {peer}'s share it is a random number.": "不知道。每个预测值 {me} 只有一个分片；没有 {peer} 的分片，它只是一个随机数。",
  "What does the TTP learn of the product?": "TTP 能得知乘积的什么？",
  "Nothing. It has only helped before, with shares of products of masks.": "什么也得不到。TTP 只在之前提供过掩码乘积的分片。",
  "Add both parties' z: what should come out?": "把双方的 z 相加，应当得到什么？",
  "The product of the secrets. See “both, added” in the table, with numbers in fixed point.": "两个秘密值的乘积。请把数值切换为定点数，查看表中的“双方之和”。",
  "On the way to the error, prediction minus label. Who has the label puts in y - 1/2, the other party 0 - 0.": "计算误差：预测值减去标签。标签所有者的分片来自 y − 1/2，对方的分片来自 0 − 0。",
  "Does the label tell its owner the error?": "标签的所有者能由标签得知误差吗？",
  "No. The error is prediction minus label, and the prediction stays in two shares.": "不能。误差是预测值减去标签，而预测值始终拆成两个分片。",
  "Whose label is it? Can the TTP tell?": "标签属于哪一方？TTP 看得出来吗？",
  "Not from here: it sees masks and lengths, and no data.": "从这里看不出来：TTP 只看到掩码和长度，看不到数据。",
  "All weights are 0. What is the error of a row with label 1?": "权重都是 0。标签为 1 的样本，误差是多少？",
  "A half for the prediction, minus 1: -0.5. In fixed point both shares add up to it, but for a rounding.": "预测值是一半，减去 1，得 −0.5。用定点数显示时，双方的分片之和就是它，只差一次舍入。",
  "The second product of the batch, columns times errors, gives the gradient. It had a message of its own.": "本批次的第二个乘积：特征列乘以误差，得到梯度。这次乘法另有一条消息。",
  "Why did its message need a new mask?": "这条消息为什么要用新的掩码？",
  "With one mask for two numbers, {me} could subtract the messages and learn how {peer}'s two shares differ.": "如果两个数用同一个掩码，{me} 把两条消息相减，就能得知 {peer} 的两个分片相差多少。",
  "What would the TTP and one party know together?": "TTP 与其中一方合谋，能得知什么？",
  "The other party's shares, as mask and message add up to them, and with them the errors and weights. So the TTP must not work together with a party.": "掩码加上消息就是另一方的分片，由此可得误差和权重。所以 TTP 不能与任何一方合谋。",
  "Would other data change how many bytes were sent?": "换一份数据，发送的字节数会变吗？",
  "No. Only lengths and parameters decide that, and both parties know them.": "不会。字节数只取决于长度和参数，这些双方都知道。",
  "The update. Rate and penalty are public, so each party moves its own share. Compute a line yourself.": "更新权重。学习率和正则化系数是公开的，双方各自更新自己的分片。请自己验算一行。",
  "Does {me} know a weight of the model now?": "{me} 现在知道模型的某个权重吗？",
  "No, not even of a column of {me}'s own: {me} has one share of each.": "不知道，连 {me} 自己特征列的权重也不知道：每个权重 {me} 只有一个分片。",
  "What has the TTP learned from the whole batch?": "整个批次下来，TTP 得知了什么？",
  "How many rows and columns it has. Nothing of data, errors or weights.": "批次有多少行、多少列。数据、误差和权重都不知道。",
  "The weights were 0. What are they now?": "权重原来是 0，现在是多少？",
  "Minus rate times gradient, below “both, added” at w'. With numbers in fixed point you can check it by hand.": "学习率乘以梯度，再取负，见 w' 的“双方之和”。把数值切换为定点数，就能手工验算。"
};

// src/viewer/english.ts
var EN = {
  title: "Trace of {job}",
  untitled: "Trace",
  region: "Protocol trace",
  steps: "step {i}, the last is {n}",
  messagesOnly: "message {i}, the last is {n}",
  badge: "Observer's trace: it has the numbers of all parties. A lens only covers them; they are in this page.",
  badgeSizes: 'Sizes only: --trace full (in Python trace="full") records the numbers of every step.',
  seed: "Repeatable run with a seed: nothing in it is secret.",
  cut: "Not in this view: {n} steps from the middle of their tasks; trace.steps has them.",
  cutMessages: "Not in this view: {n} messages from the middle of their tasks; trace.messages has them.",
  preview: "Of each array the first {k} elements are here; the trace keeps more.",
  previewOne: "Of each array the first element is here; the trace keeps more.",
  leftOut: "Not kept: {n} operations from the middle of the run.",
  unlisted: "{n} later messages are counted, not listed.",
  first: "First step",
  back: "Step back",
  play: "Play",
  pause: "Pause",
  forward: "Step forward",
  last: "Last step",
  stepping: "Step by step",
  scrub: "Position in the trace",
  batch: "Batch",
  outside: "outside of training",
  batchOf: "batch {b}",
  epochOf: "epoch {e}, batch {b}",
  taskOf: "{place}, task {task}",
  jump: "Go to next",
  jumpTo: "choose an operation",
  lens: "Seen by",
  observer: "observer",
  ttp: "TTP",
  format: "Numbers",
  ring: "ring",
  fixed: "fixed point",
  element: "Element",
  hidden: "hidden",
  both: "both",
  formulas: "Formulas",
  numbers: "Numbers",
  messages: "Messages",
  name: "name",
  of: "of",
  shape: "shape",
  values: "first elements",
  sum: "both, added",
  from: "from",
  to: "to",
  what: "what",
  bytes: "bytes",
  content: "content",
  round: "round",
  notKept: "not in the trace",
  none: "no message",
  noFormula: "Nothing is computed.",
  noNumbers: "No numbers.",
  local: "computes",
  diagram: "Sequence diagram around the current step",
  timeline: "Kinds of steps around the current one: TTP, messages, local",
  keys: "Keys: ← → step, Page Up/Down batch, Home End, Space play, 1–4 seen by, F numbers, T tour",
  keysSizes: "Keys: ← → step, Home End, Space play",
  tour: "Tour",
  tourHint: "Guided tour (T)",
  tourPlace: "Tour: {i} of {n}",
  tourBack: "Back in the tour",
  tourForward: "On with the tour",
  tourAsked: "{who} is asked: ",
  tourAnswer: "Answer",
  gap: "{n} steps are not in this view",
  draws: "Told to the TTP: {list}",
  draw: "counter {c}, {n} elements",
  live: "{where}: {title}, {op}. Seen by {lens}.",
  more: "…"
};

// src/viewer/texts.ts
var ZH = chinese_default;
var Texts = class {
  /** `locale` is "en" or "zh"; empty for that of the page. */
  constructor(locale) {
    this._zh = (locale || pageLocale()).startsWith("zh");
    this.lang = this._zh ? "zh" : "en";
    this._format = new Intl.NumberFormat(this.lang);
  }
  /** A text, its holes filled. */
  t(key, values = {}) {
    return this.told(EN[key], values);
  }
  /** The same of an English text that came with the trace. */
  told(text, values) {
    return this._say(text).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }
  /** What a kind of step is called, and what happens in it. */
  kind({ title, text }) {
    return { title: this._say(title), text: this._say(text) };
  }
  count(number) {
    return this._format.format(number);
  }
  person(name) {
    return name === "ttp" || name === "observer" ? this.t(name) : name;
  }
  /** What a step is, and what it is for, unless that is the same. */
  heading(trace, i) {
    const [kind, op] = [trace.kind(i), trace.op(i)];
    const { title } = this.kind(trace.header.kinds[kind]);
    return op === kind ? title : `${title} · ${op}`;
  }
  /** Where in the training a step is, and in which task if there are several. */
  place(trace, i) {
    const [e, b] = [trace.epoch(i), trace.batch(i)];
    const found = b === 0 ? "outside" : trace.epochs > 1 ? "epochOf" : "batchOf";
    const text = trace.trained ? this.t(found, { e, b }) : "";
    if (trace.header.tasks.length < 2) {
      return text;
    }
    const task = trace.task(i);
    return text ? this.t("taskOf", { task, place: text }) : task;
  }
  _say(text) {
    return this._zh && ZH[text] || text;
  }
};
function pageLocale() {
  const page = document.documentElement.lang || "";
  const wanted = /^zh/i.test(page) ? page : navigator.language || page;
  return /^zh/i.test(wanted) ? "zh" : "en";
}

// src/viewer/state.ts
var TYPES = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint64: BigUint64Array
};
function columnsOf(places, data) {
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const columns = places.map(({ name, type, start, length }) => [
    name,
    new TYPES[type](buffer, start, length)
  ]);
  return Object.fromEntries(columns);
}

// src/viewer/trace.ts
var Trace = class {
  constructor(header, data) {
    this.header = header;
    const columns = this._columns = columnsOf(header.columns, data);
    this.count = columns.step_pattern.length;
    this.trained = Array.from(columns.step_batch).some((batch) => batch > 0);
    this.epochs = Array.from(columns.step_epoch).reduce((most, epoch) => Math.max(most, epoch), 0);
    this._numbers = starts(
      Array.from(columns.step_pattern, (pattern) => header.patterns[pattern].numbers.length)
    );
    this._messages = starts(columns.step_messages);
    this._draws = starts(columns.step_draws);
    this._words = starts(columns.array_length);
  }
  /** The parties, in the order of their names. */
  get parties() {
    return this.header.lenses.slice(0, -2);
  }
  number(i) {
    return this._columns.step_number[i];
  }
  /** How many steps of the trace are not in this view, before one that is. */
  missing(i) {
    return i > 0 ? this.number(i) - this.number(i - 1) - 1 : this.number(i);
  }
  pattern(i) {
    return this.header.patterns[this._columns.step_pattern[i]];
  }
  kind(i) {
    return this.pattern(i).kind;
  }
  task(i) {
    return this.header.tasks[this.pattern(i).task].id;
  }
  op(i) {
    return this.header.names.ops[this._columns.step_op[i]];
  }
  /** In its epoch, from 1; outside of training it is 0. */
  batch(i) {
    return this._columns.step_batch[i];
  }
  epoch(i) {
    return this._columns.step_epoch[i];
  }
  /** All of a step. */
  step(i) {
    const pattern = this.pattern(i);
    const numbers = pattern.numbers.map((number, k) => ({
      ...number,
      words: this._array(this._columns.number_array[this._numbers[i] + k])
    }));
    const messages = [];
    for (let k = this._messages[i]; k < this._messages[i + 1]; k++) {
      messages.push(this._message(k, numbers));
    }
    const draws = Array.from(this._columns.draws.subarray(this._draws[i], this._draws[i + 1]), Number);
    return { i, number: this.number(i), op: this.op(i), pattern, numbers, messages, draws };
  }
  _array(place) {
    return this._columns.words.subarray(this._words[place], this._words[place + 1]);
  }
  _message(place, numbers) {
    const { _columns: columns } = this;
    const { ops, people, keys } = this.header.names;
    const seq = columns.own_messages[place];
    return {
      op: ops[columns.message_op[seq]],
      sender: people[columns.message_sender[seq]],
      receiver: people[columns.message_receiver[seq]],
      bytes: Number(columns.message_bytes[seq]),
      round: columns.message_round[seq],
      key: keys[columns.message_key[seq]].replace("{}", String(columns.message_number[seq])),
      carried: numbers[columns.own_carried[place] - 1]
    };
  }
};
function starts(counts) {
  const result = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) {
    result[i + 1] = result[i] + counts[i];
  }
  return result;
}

// src/viewer/dom.ts
var SVG = "http://www.w3.org/2000/svg";
function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}
function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}
function button(id, label, sign) {
  const attributes = { type: "button", class: "knt-button", "data-testid": id, "aria-label": label };
  return make("button", { ...attributes, title: label }, sign);
}
function choices(name, legend, options) {
  const inputs = options.map(
    ([value, , id]) => make("input", { type: "radio", name, value, "data-testid": id })
  );
  const labels = options.map(
    ([, label], k) => make("label", { class: "knt-choice" }, inputs[k], make("span", {}, label))
  );
  return { set: make("fieldset", { class: "knt-choices" }, make("legend", {}, legend), ...labels), inputs };
}
function labelled(label, control) {
  return make("label", { class: "knt-field" }, make("span", {}, label), control);
}
function table(caption, columns, widths, rows) {
  const sizes = columns.map((_, k) => make("col", widths[k] ? { style: `width: ${widths[k]}em` } : {}));
  const head2 = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((cells) => {
    const colspan = cells.length > 1 ? 1 : columns.length;
    return make("tr", {}, ...cells.map((cell) => make("td", { colspan }, cell)));
  });
  return make(
    "table",
    { class: "knt-table" },
    make("caption", {}, caption),
    make("colgroup", {}, ...sizes),
    make("thead", {}, head2),
    make("tbody", {}, ...body)
  );
}

// src/viewer/lens.ts
var MASK = (1n << 64n) - 1n;
function sees(lens, seen) {
  return (seen >> lens & 1) === 1;
}
function sumOf(numbers) {
  return numbers.reduce((sum, number) => ({
    ...sum,
    seen: sum.seen & number.seen,
    words: sum.words.subarray(0, number.words.length).map((word, k) => word + number.words[k] & MASK)
  }));
}
function written(word, number, fixed) {
  if (!fixed || number.bits === null) {
    return word.toString();
  }
  const value = Number(BigInt.asIntN(64, word)) / 2 ** number.bits;
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(7);
}
function elementOf(number, look) {
  if (!sees(look.lens, number.seen)) {
    return null;
  }
  const word = number.words[Math.min(look.element, number.words.length - 1)];
  return word === void 0 ? void 0 : written(word, number, look.fixed);
}
function elementsOf(number, look) {
  if (!sees(look.lens, number.seen)) {
    return null;
  }
  const size = number.shape.reduce((product, n) => product * n, 1);
  const shown = Array.from(number.words, (word) => written(word, number, look.fixed));
  return { shown, more: size > shown.length };
}

// src/viewer/diagram.ts
var AROUND = 5;
var GUTTER = 212;
var LEAST_LANE = 110;
var HEAD = 34;
var LINE = 24;
var TITLE = 16;
function layoutOf(trace, width) {
  const lanes = [...trace.parties, "ttp"];
  const beside = width >= GUTTER + LEAST_LANE * lanes.length;
  const gutter = beside ? GUTTER : 0;
  const lane = (width - gutter) / lanes.length;
  const x = Object.fromEntries(lanes.map((name, k) => [name, gutter + lane * (k + 0.5)]));
  return { lanes, width, lane, above: beside ? 0 : TITLE, x };
}
function diagram(trace, current, width, look, texts) {
  const layout = layoutOf(trace, width);
  const { lanes, lane, x } = layout;
  const steps = around(trace, current);
  let y = HEAD;
  const rows = steps.flatMap((step) => {
    const gap = gapNodes(trace, step, layout, y, texts);
    y += LINE * gap.length;
    const heading = texts.heading(trace, step.i);
    const [node, height] = row(step, heading, layout, y, step.i === current, look, texts);
    y += height;
    return [...gap, node];
  });
  const heads = lanes.map(
    (name) => draw("text", { x: x[name], y: 18, class: "knt-lane-name" }, texts.person(name))
  );
  const lines = lanes.map(
    (name) => draw("line", { x1: x[name], x2: x[name], y1: 26, y2: y, class: "knt-lane" })
  );
  const words = steps.flatMap((step) => describe(trace, step, texts)).join("; ");
  const attributes = {
    viewBox: `0 0 ${width} ${y + 6}`,
    role: "img",
    "aria-label": `${texts.t("diagram")}: ${words}`,
    class: "knt-svg",
    style: `--knt-label: ${Math.min(11.5, lane / 13.5)}px`
    // a label has at most 20 digits
  };
  return draw("svg", attributes, ...lines, ...heads, ...rows);
}
function around(trace, current) {
  const most = 2 * AROUND + 1;
  const from = Math.max(0, Math.min(current - AROUND, trace.count - most));
  return Array.from({ length: Math.min(most, trace.count) }, (_, k) => trace.step(from + k));
}
function describe(trace, step, texts) {
  if (!step.messages.length) {
    return [texts.heading(trace, step.i)];
  }
  return step.messages.map(({ sender, receiver, op, bytes }) => {
    const [from, to] = [texts.person(sender), texts.person(receiver)];
    return `${from} → ${to}: ${op}, ${bytes} ${texts.t("bytes")}`;
  });
}
function gapNodes(trace, step, { width }, y, texts) {
  const missing = trace.missing(step.i);
  if (!missing) {
    return [];
  }
  const text = `⋯ ${texts.t("gap", { n: texts.count(missing) })} ⋯`;
  return [draw("text", { x: width / 2, y: y + 15, class: "knt-gap" }, text)];
}
function row(step, heading, layout, y, current, look, texts) {
  const { x, width, above } = layout;
  const height = 6 + above + LINE * Math.max(1, step.messages.length);
  const box = { x: 2, y: y - 1, width: width - 4, height: height - 2, rx: 3, class: "knt-row-box" };
  const title = { x: 8, y: y + (above ? 13 : 18), class: "knt-row-title" };
  const dot = (name) => draw("circle", { cx: x[name], cy: y + above + 14, r: 4, class: "knt-dot" });
  const shown = step.messages.length ? step.messages.flatMap((message, k) => arrow(message, layout, y + above + 20 + LINE * k, look, texts)) : computing(step).map(dot);
  const node = draw(
    "g",
    { class: `knt-row${current ? " knt-current" : ""}`, "data-step": step.i },
    draw("rect", box),
    draw("text", title, `${step.number}  ${heading}`),
    ...shown
  );
  return [node, height];
}
function computing(step) {
  return [...new Set(step.numbers.flatMap(({ of }) => of === null ? [] : [of]))];
}
function arrow(message, { x, lane }, y, look, texts) {
  const [from, to] = [x[message.sender], x[message.receiver]];
  const side = to > from ? 1 : -1;
  const size = `${texts.count(message.bytes)} ${texts.t("bytes")}`;
  const title = draw("title", {}, `${message.key}, ${size}`);
  const label = { x: from + side * (lane / 2), y: y - 4, class: "knt-label" };
  return [
    draw("line", { x1: from, x2: to - 7 * side, y1: y, y2: y, class: "knt-arrow" }),
    draw("path", { d: `M${to} ${y}l${-8 * side} -4v8z`, class: "knt-tip" }),
    draw("text", label, title, content(message, look, texts) ?? `${message.op}, ${size}`)
  ];
}
function content(message, look, texts) {
  const text = message.carried && elementOf(message.carried, { ...look, element: 0 });
  return text === null ? `▒ ${texts.t("hidden")}` : text;
}

// src/viewer/keys.ts
function press(event, keys) {
  event.stopPropagation();
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || isOfControl(event)) {
    return;
  }
  event.preventDefault();
  act();
}
function isOfControl(event) {
  const { tagName, type } = event.target;
  const radio = type === "radio";
  return tagName === "SELECT" || radio && event.key.startsWith("Arrow") || event.key === " " && (radio || tagName === "BUTTON" || tagName === "SUMMARY");
}

// src/viewer/tour.ts
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
function batches(trace) {
  const begins = [];
  let last = "";
  for (let i = 0; i < trace.count; i++) {
    const key = [trace.pattern(i).task, trace.epoch(i), trace.batch(i)].join("/");
    if (key !== last && (trace.batch(i) > 0 || i === 0)) {
      begins.push(i);
    }
    last = key;
  }
  return begins;
}
function opening(trace) {
  for (let i = 0; i < trace.count; i++) {
    if (trace.batch(i) > 0) {
      return i;
    }
  }
  return 0;
}
function lastUpTo(numbers, limit) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = low + high >> 1;
    if (numbers[middle] <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
function nextBatch(trace, begins, step) {
  return begins[lastUpTo(begins, step) + 1] ?? trace.count - 1;
}
function previousBatch(begins, step) {
  return begins[lastUpTo(begins, step - 1)] ?? 0;
}
function operations(trace) {
  const seen = /* @__PURE__ */ new Map();
  for (let i = 0; i < trace.count; i++) {
    const key = `${trace.kind(i)}
${trace.op(i)}`;
    if (!seen.has(key)) {
      seen.set(key, i);
    }
  }
  return [...seen.values()];
}
function nextLike(trace, like, step) {
  for (let k = 1; k <= trace.count; k++) {
    const i = (step + k) % trace.count;
    if (trace.kind(i) === trace.kind(like) && trace.op(i) === trace.op(like)) {
      return i;
    }
  }
  return step;
}

// src/viewer/guide.ts
var Guide = class {
  constructor(_trace, _texts) {
    this._trace = _trace;
    this._texts = _texts;
    this._place = make("span", { class: "knt-position", "data-testid": "trace-tour-place" });
    this._text = make("p", { class: "knt-caption" });
    this._who = make("span");
    this._question = make("strong", { "data-testid": "trace-question" });
    this._answer = make("p", { "data-testid": "trace-answer" });
    this._details = make("details", { class: "knt-answer" }, make("summary", {}), this._answer);
    const { stops } = _trace.header.tour;
    const numbers = Array.from({ length: _trace.count }, (_, i) => _trace.number(i));
    this._stops = stops.filter(({ step }) => numbers[lastUpTo(numbers, step)] === step);
    this.steps = this._stops.map(({ step }) => lastUpTo(numbers, step));
    const t = _texts.t.bind(_texts);
    this.toggle = button("trace-tour", t("tourHint"), t("tour"));
    this.toggle.hidden = !this.steps.length;
    this.back = button("trace-tour-back", t("tourBack"), "◀");
    this.forward = button("trace-tour-forward", t("tourForward"), "▶");
    this.root = make(
      "div",
      { class: "knt-tour", role: "group", "aria-label": t("tour"), "data-testid": "trace-caption" },
      make("div", { class: "knt-bar" }, this.back, this.forward, this._place),
      this._text,
      make("p", { class: "knt-question" }, this._who, this._question),
      this._details
    );
  }
  /** The stop before or after a step; the first and the last one stay where they are. */
  from(step, forward) {
    const at = lastUpTo(this.steps, forward ? step : step - 1) + (forward ? 1 : 0);
    return this.steps[Math.min(Math.max(at, 0), this.steps.length - 1)];
  }
  /** Show the stop that was last before a step, or is there, to who looks. */
  show(shown, step, lens) {
    this.root.hidden = !shown;
    this.toggle.setAttribute("aria-pressed", String(shown));
    if (!shown) {
      return;
    }
    const at = Math.max(0, lastUpTo(this.steps, step));
    const key = `${at} ${lens}`;
    if (this.root.dataset.shown === key) {
      return;
    }
    this.root.dataset.shown = key;
    const { _texts: texts, _trace: trace } = this;
    const stop = this._stops[at];
    const names = { me: lens, peer: trace.parties.find((name) => name !== lens) ?? "" };
    const [question, answer] = stop[lens === "ttp" || lens === "observer" ? lens : "party"];
    this._place.textContent = texts.t("tourPlace", { i: at + 1, n: this.steps.length });
    this._text.textContent = texts.told(stop.text, names);
    this._who.textContent = texts.t("tourAsked", { who: texts.person(lens) });
    this._question.textContent = texts.told(question, names);
    this._answer.textContent = texts.told(answer, names);
    this._details.open = false;
    this._details.firstElementChild.textContent = texts.t("tourAnswer");
    this.back.disabled = at === 0;
    this.forward.disabled = at === this.steps.length - 1;
  }
};

// src/viewer/page.ts
function buildPage(trace, texts) {
  const parts = partsOf(trace, texts, `knt-${Math.random().toString(36).slice(2)}`);
  fillSelects(trace, texts, parts);
  const root = make(
    "section",
    {
      class: "knt",
      role: "region",
      "aria-label": trace.header.title ? titleOf(trace, texts) : texts.t("region"),
      tabindex: 0,
      lang: texts.lang,
      "data-testid": "trace-viewer",
      "data-lm-suppress-shortcuts": "true"
    },
    ...head(trace, texts),
    ...controls(trace, texts, parts),
    parts.guide.root,
    main(trace, parts),
    make(
      "p",
      { class: "knt-keys", "data-testid": "trace-keys" },
      texts.t(trace.header.numbers ? "keys" : "keysSizes")
    ),
    parts.live
  );
  for (const control of root.querySelectorAll("button, input, select, summary")) {
    control.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  return { root, ...parts };
}
function partsOf(trace, texts, id) {
  const t = texts.t.bind(texts);
  const lenses = trace.header.lenses.map((lens) => [
    lens,
    texts.person(lens),
    `trace-lens-${lens}`
  ]);
  const last = Math.max(0, trace.count - 1);
  const group = { class: "knt-formulas", role: "group", "aria-label": t("formulas") };
  return {
    first: button("trace-first", t("first"), "|◀"),
    back: button("trace-back", t("back"), "◀"),
    play: button("trace-play", t("play"), "▶▶"),
    forward: button("trace-forward", t("forward"), "▶"),
    last: button("trace-last", t("last"), "▶|"),
    slider: make("input", {
      ...{ type: "range", min: 0, max: last, step: 1, class: "knt-slider" },
      ...{ "data-testid": "trace-slider", "aria-label": t("scrub") }
    }),
    position: make("span", { class: "knt-position", "data-testid": "trace-position" }),
    batch: make("select", { "data-testid": "trace-batch" }),
    jump: make("select", { "data-testid": "trace-jump" }),
    element: make("select", { "data-testid": "trace-element" }),
    lens: choices(`${id}-lens`, t("lens"), lenses),
    format: choices(`${id}-format`, t("format"), [
      ["ring", t("ring"), "trace-format-ring"],
      ["fixed", t("fixed"), "trace-format-fixed"]
    ]),
    timeline: make("canvas", {
      ...{ class: "knt-timeline", role: "img" },
      ...{ "aria-label": t("timeline"), "data-testid": "trace-timeline" }
    }),
    diagram: make("div", { class: "knt-diagram", "data-testid": "trace-diagram" }),
    title: make("h4", { class: "knt-step-title", "data-testid": "trace-step-title" }),
    text: make("p", { class: "knt-step-text", "data-testid": "trace-step-text" }),
    formulas: make("div", { ...group, "data-testid": "trace-formulas" }),
    messages: make("div", { "data-testid": "trace-messages" }),
    numbers: make("div", { "data-testid": "trace-numbers" }),
    live: make("div", {
      ...{ class: "knt-live", role: "status" },
      ...{ "aria-live": "polite", "data-testid": "trace-live" }
    }),
    guide: new Guide(trace, texts),
    begins: batches(trace)
  };
}
function fillSelects(trace, texts, { begins, batch, jump, element }) {
  const option = (value, text) => make("option", { value }, text);
  batch.append(...begins.map((i) => option(i, texts.place(trace, i))));
  batch.disabled = begins.length < 2;
  jump.append(option("", texts.t("jumpTo")));
  jump.append(...operations(trace).map((i) => option(i, texts.heading(trace, i))));
  element.append(...Array.from({ length: trace.header.elements }, (_, k) => option(k, String(k))));
}
function titleOf(trace, texts) {
  const job = trace.header.title;
  return job ? texts.t("title", { job }) : texts.t("untitled");
}
function head(trace, texts) {
  const badge = texts.t(trace.header.numbers ? "badge" : "badgeSizes");
  return [
    make("h3", { class: "knt-title", "data-testid": "trace-title" }, titleOf(trace, texts)),
    make("p", { class: "knt-badge", "data-testid": "trace-badge" }, badge),
    make("p", { class: "knt-notes", "data-testid": "trace-notes" }, notes(trace, texts).join(" "))
  ];
}
function notes(trace, texts) {
  const { repeatable, numbers, elements, cut, tasks } = trace.header;
  const total = (name) => tasks.reduce((sum, task) => sum + task[name], 0);
  const [leftOut, unlisted] = [total("left_out"), total("unlisted")];
  return [
    repeatable ? texts.t("seed") : "",
    numbers ? texts.t(elements > 1 ? "preview" : "previewOne", { k: elements }) : "",
    cut ? texts.t(numbers ? "cut" : "cutMessages", { n: texts.count(cut) }) : "",
    leftOut ? texts.t("leftOut", { n: texts.count(leftOut) }) : "",
    unlisted ? texts.t("unlisted", { n: texts.count(unlisted) }) : ""
  ].filter((text) => text);
}
function controls(trace, texts, parts) {
  const bar = make(
    "div",
    { class: "knt-bar", role: "toolbar", "aria-label": texts.t("stepping") },
    ...[parts.first, parts.back, parts.play, parts.forward, parts.last, parts.guide.toggle, parts.position]
  );
  const options = make("div", { class: "knt-bar" }, labelled(texts.t("jump"), parts.jump));
  const looks = make("div", { class: "knt-bar" });
  if (trace.header.numbers) {
    if (trace.trained) {
      options.prepend(labelled(texts.t("batch"), parts.batch));
    }
    looks.append(parts.lens.set, parts.format.set, labelled(texts.t("element"), parts.element));
  }
  return [bar, parts.timeline, parts.slider, options, looks];
}
function main(trace, parts) {
  const formulas = trace.header.numbers ? [parts.formulas] : [];
  const step = [parts.title, parts.text, ...formulas, parts.messages, parts.numbers];
  return make("div", { class: "knt-main" }, parts.diagram, make("div", { class: "knt-step" }, ...step));
}

// src/viewer/step.ts
function showFormulas(target, step, look, texts) {
  const number = (one) => typeof one === "string" ? one : elementNode(step.numbers[one], look, texts);
  const formulas = step.pattern.equations.map(
    (pieces) => make(
      "div",
      { class: "knt-formula" },
      make("div", { class: "knt-symbols" }, ...equation(pieces, ([symbols]) => symbols.map(symbolNode))),
      make("div", { class: "knt-filled" }, ...equation(pieces, ([, numbers]) => numbers.map(number)))
    )
  );
  const nothing = () => make("p", { class: "knt-quiet" }, texts.t("noFormula"));
  target.replaceChildren(...formulas.length ? formulas : [nothing()]);
}
function equation(pieces, nodesOf) {
  return pieces.flatMap((piece) => {
    if (typeof piece === "string") {
      return piece.replace(/^( ?)-( ?)$/, "$1−$2");
    }
    return nodesOf(piece).flatMap((node, k) => k ? ["·", node] : [node]);
  });
}
function symbolNode(symbol) {
  const [name, of] = symbol.split(/_(.*)/);
  return make("span", { class: "knt-symbol" }, name, ...of ? [make("sub", {}, of)] : []);
}
function elementNode(number, look, texts) {
  const text = elementOf(number, look);
  return text === null ? hiddenNode(texts) : make("span", { class: "knt-number" }, text ?? texts.t("more"));
}
function elementsNode(number, look, texts) {
  const found = elementsOf(number, look);
  if (found === null) {
    return hiddenNode(texts);
  }
  const shown = [...found.shown, ...found.more ? [texts.t("more")] : []];
  return make("span", { class: "knt-number" }, shown.join("  "));
}
function hiddenNode(texts) {
  return make("span", { class: "knt-hidden" }, `▒ ${texts.t("hidden")}`);
}
function showNumbers(target, step, look, texts) {
  const rows = step.pattern.rows.map((places) => {
    const number = sumOf(places.map((place) => step.numbers[place]));
    const of = places.length > 1 ? texts.t("sum") : number.of ?? texts.t("both");
    return [symbolNode(number.name), of, number.shape.join(" × "), elementsNode(number, look, texts)];
  });
  const columns = ["name", "of", "shape", "values"].map((key) => texts.t(key));
  const shown = rows.length ? [table(texts.t("numbers"), columns, [4.5, 7.5, 6], rows)] : [];
  target.replaceChildren(...shown);
}
function showMessages(target, trace, step, look, texts) {
  const { header } = trace;
  const rows = step.messages.flatMap((message) => [
    [
      ...[message.sender, message.receiver].map((name) => texts.person(name)),
      message.op,
      make("code", {}, message.key),
      String(message.round),
      texts.count(message.bytes)
    ],
    ...header.numbers ? [[contentNode(message, look, texts)]] : []
    // a number of 20 digits needs room
  ]);
  const t = texts.t.bind(texts);
  const columns = [t("from"), t("to"), t("what"), "key", t("round"), t("bytes")];
  const shown = rows.length ? [table(t("messages"), columns, [4, 4, 6.2, 0, 4.2, 4.4], rows)] : [];
  if (step.draws.length && sees(look.lens, header.draws_seen)) {
    shown.push(make("p", { class: "knt-quiet" }, t("draws", { list: drawList(step.draws, texts) })));
  }
  target.replaceChildren(...shown);
}
function contentNode(message, look, texts) {
  const content2 = message.carried ? elementsNode(message.carried, look, texts) : make("span", { class: "knt-quiet" }, texts.t("notKept"));
  return make("span", {}, make("span", { class: "knt-quiet" }, `${texts.t("content")} `), content2);
}
function drawList(draws, texts) {
  const parts = [];
  for (let k = 0; k + 1 < draws.length; k += 2) {
    parts.push(texts.t("draw", { c: draws[k], n: texts.count(draws[k + 1]) }));
  }
  return parts.join("; ");
}

// src/viewer/timeline.ts
var BOX = 6;
var LANES = { ttp: 0, open: 1, local: 2, other: 2 };
function familyOf(kind) {
  if (kind.startsWith("triple") || kind === "vectors" || kind === "join") {
    return "ttp";
  }
  if (/^(open|send|exchange|mask)/.test(kind)) {
    return "open";
  }
  return kind === "share" ? "other" : "local";
}
function windowOf(trace, width, step) {
  const size = Math.min(trace.count, Math.max(1, Math.floor(width / BOX)));
  return { size, from: clamp(step - Math.floor(size / 2), 0, trace.count - size) };
}
function stepAt(canvas, trace, step, x) {
  const box = canvas.getBoundingClientRect();
  const { from, size } = windowOf(trace, box.width, step);
  return from + Math.floor((x - box.left) / box.width * size);
}
function drawTimeline(canvas, trace, step) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = fitted(canvas, scale);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const { from, size } = windowOf(trace, width / scale, step);
  const box = width / size;
  const style = getComputedStyle(canvas);
  const colours = coloursOf(style);
  for (let i = from; i < from + size; i++) {
    const family = familyOf(trace.kind(i));
    const x = (i - from) * box;
    context.fillStyle = colours[family];
    context.fillRect(
      x,
      LANES[family] * height / 3 + scale,
      Math.max(1, box - scale),
      height / 3 - 2 * scale
    );
    if (i > 0 && trace.missing(i)) {
      context.fillStyle = style.color;
    }
    if (i > 0 && trace.batch(i) !== trace.batch(i - 1)) {
      context.fillRect(x - scale, 0, scale, height);
    }
  }
  context.strokeStyle = style.color;
  context.lineWidth = 2 * scale;
  context.strokeRect((step - from) * box, scale, box, height - 2 * scale);
}
function coloursOf(style) {
  const colour = (family) => style.getPropertyValue(`--knt-${family}`).trim() || "#888";
  return { ttp: colour("ttp"), open: colour("open"), local: colour("local"), other: colour("other") };
}
function fitted(canvas, scale) {
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width !== width) {
    canvas.width = width;
  }
  if (canvas.height !== height) {
    canvas.height = height;
  }
  return [width, height];
}

// src/viewer/viewer.ts
var PAUSE = 30;
var PLAYED = 700;
var SPOKEN = 400;
var Viewer = class {
  constructor(_trace, _texts, _signal) {
    this._trace = _trace;
    this._texts = _texts;
    this._signal = _signal;
    this._width = 600;
    this._frame = 0;
    this._drawn = -PAUSE;
    this._playing = false;
    this._timer = 0;
    this._speaking = 0;
    this._page = buildPage(_trace, _texts);
    const { lenses, tour } = _trace.header;
    const touring = tour.open && this._page.guide.steps.length > 0;
    const step = touring ? this._page.guide.steps[0] : opening(_trace);
    this._state = { step, lens: lenses.indexOf("observer"), fixed: touring, element: 0, tour: touring };
    this._keys = this._keysOf();
    this._listen();
    this._change({});
  }
  get root() {
    return this._page.root;
  }
  _change(changes) {
    Object.assign(this._state, changes);
    this._state.step = clamp(this._state.step, 0, this._lastStep);
    this._frame ||= requestAnimationFrame(() => this._render());
  }
  _go(step) {
    this._change({ step });
  }
  get _lastStep() {
    return Math.max(0, this._trace.count - 1);
  }
  _render() {
    this._frame = 0;
    const { _page: page, _state: state, _texts: texts, _trace: trace } = this;
    if (this._signal.aborted || !trace.count) {
      return;
    }
    drawTimeline(page.timeline, trace, state.step);
    this._width = page.diagram.clientWidth || this._width;
    const step = trace.step(state.step);
    this._renderPosition();
    showFormulas(page.formulas, step, state, texts);
    const now = performance.now();
    if (now - this._drawn < PAUSE) {
      this._frame = requestAnimationFrame(() => this._render());
      return;
    }
    this._drawn = now;
    showMessages(page.messages, trace, step, state, texts);
    showNumbers(page.numbers, step, state, texts);
    page.diagram.replaceChildren(diagram(trace, state.step, this._width, state, texts));
  }
  /** Where it stands, on all controls. */
  _renderPosition() {
    const { _page: page, _state: state, _texts: texts, _trace: trace } = this;
    const { header } = trace;
    const about = texts.kind(header.kinds[trace.kind(state.step)]);
    const [i, n] = [state.step, this._lastStep].map((step) => texts.count(trace.number(step)));
    const where = texts.t(header.numbers ? "steps" : "messagesOnly", { i, n });
    const place = texts.place(trace, state.step);
    const [lens, format] = [header.lenses[state.lens], state.fixed ? "fixed" : "ring"];
    Object.assign(page.root.dataset, { step: String(state.step), lens, format });
    page.slider.value = String(state.step);
    page.slider.setAttribute("aria-valuetext", `${where}, ${about.title}`);
    page.position.textContent = place ? where + (texts.lang === "zh" ? "，" : ", ") + place : where;
    page.title.textContent = texts.heading(trace, state.step);
    page.text.textContent = header.numbers ? about.text : "";
    page.lens.inputs.forEach((input) => input.checked = input.value === lens);
    page.format.inputs.forEach((input) => input.checked = input.value === format);
    page.guide.show(state.tour, state.step, lens);
    page.batch.selectedIndex = lastUpTo(page.begins, state.step);
    const [title, op] = [about.title, trace.op(state.step)];
    clearTimeout(this._speaking);
    this._speaking = window.setTimeout(() => {
      page.live.textContent = texts.t("live", { where, title, op, lens: texts.person(lens) });
    }, SPOKEN);
  }
  /** Show the tour from its first stop on, or hide it. */
  _tour() {
    const { steps } = this._page.guide;
    if (steps.length) {
      const tour = !this._state.tour;
      this._change(tour ? { tour, step: steps[0] } : { tour });
    }
  }
  _play(playing) {
    this._playing = playing;
    const { play } = this._page;
    const label = this._texts.t(playing ? "pause" : "play");
    play.textContent = playing ? "❚❚" : "▶▶";
    play.setAttribute("aria-label", label);
    play.title = label;
    clearInterval(this._timer);
    if (playing) {
      this._timer = window.setInterval(() => this._playOn(), PLAYED);
    }
  }
  _playOn() {
    if (this._state.step >= this._lastStep || !this.root.isConnected) {
      this._play(false);
    } else {
      this._go(this._state.step + 1);
    }
  }
  _keysOf() {
    const { _page: page, _state: state, _trace: trace } = this;
    const format = () => this._change({ fixed: !state.fixed });
    const lenses = trace.header.lenses.map((_, lens) => [String(lens + 1), () => this._change({ lens })]);
    return {
      ArrowRight: () => this._go(state.step + 1),
      ArrowLeft: () => this._go(state.step - 1),
      Home: () => this._go(0),
      End: () => this._go(this._lastStep),
      PageDown: () => this._go(nextBatch(trace, page.begins, state.step)),
      PageUp: () => this._go(previousBatch(page.begins, state.step)),
      " ": () => this._play(!this._playing),
      f: format,
      F: format,
      t: () => this._tour(),
      T: () => this._tour(),
      ...Object.fromEntries(lenses)
    };
  }
  _listen() {
    const { _page: page, _keys: keys, _state: state } = this;
    this._on(page.root, "keydown", (event) => press(event, keys));
    this._on(page.first, "click", keys.Home);
    this._on(page.last, "click", keys.End);
    this._on(page.back, "click", keys.ArrowLeft);
    this._on(page.forward, "click", keys.ArrowRight);
    this._on(page.play, "click", keys[" "]);
    this._on(page.guide.toggle, "click", keys.t);
    this._on(page.guide.back, "click", () => this._go(page.guide.from(state.step, false)));
    this._on(page.guide.forward, "click", () => this._go(page.guide.from(state.step, true)));
    this._on(page.slider, "input", () => this._go(Number(page.slider.value)));
    this._on(page.batch, "change", () => this._go(Number(page.batch.value)));
    this._on(page.element, "change", () => this._change({ element: Number(page.element.value) }));
    this._on(page.jump, "change", () => this._jump());
    page.lens.inputs.forEach((input, lens) => this._on(input, "change", () => this._change({ lens })));
    page.format.inputs.forEach(
      (input) => this._on(input, "change", () => this._change({ fixed: input.value === "fixed" }))
    );
    this._on(page.diagram, "click", (event) => {
      const row2 = event.target.closest("[data-step]");
      if (row2) {
        this._go(Number(row2.dataset.step));
      }
    });
    this._on(
      page.timeline,
      "click",
      (event) => this._go(stepAt(page.timeline, this._trace, this._state.step, event.clientX))
    );
    const resized = new ResizeObserver(() => this._change({}));
    resized.observe(page.timeline);
    this._signal.addEventListener("abort", () => {
      resized.disconnect();
      clearInterval(this._timer);
      clearTimeout(this._speaking);
      cancelAnimationFrame(this._frame);
    });
  }
  _jump() {
    const { jump } = this._page;
    if (jump.value) {
      this._go(nextLike(this._trace, Number(jump.value), this._state.step));
    }
    jump.value = "";
  }
  _on(target, kind, listener) {
    target.addEventListener(kind, listener, { signal: this._signal });
  }
};

// src/viewer/index.ts
function render({ model, el }) {
  const controller = new AbortController();
  const trace = new Trace(model.get("header"), model.get("columns"));
  el.replaceChildren(new Viewer(trace, new Texts(model.get("locale")), controller.signal).root);
  return () => controller.abort();
}
function initialize({ model }) {
  const place = model.get("place");
  if (!place) {
    return void 0;
  }
  const fillPlaces = () => {
    const places = `[data-kuscia-trace="${place}"]:not([data-filled])`;
    for (const el of document.querySelectorAll(places)) {
      el.dataset.filled = "";
      el.closest(".jp-RenderedHTMLCommon")?.classList.remove("jp-RenderedHTMLCommon");
      render({ model, el });
    }
  };
  const changes = new MutationObserver(fillPlaces);
  changes.observe(document.body, { childList: true, subtree: true });
  fillPlaces();
  return () => changes.disconnect();
}
var index_default = { initialize, render };
export {
  index_default as default
};
