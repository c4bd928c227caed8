// The trace viewer: a protocol trace, step by step, as alice, bob, the TTP or the observer sees it.
//
// One plain ES module for anywidget: nothing is built, and nothing is loaded from anywhere. The model has
//   header   names, formulas and the places of the columns        columns   one buffer with all columns
//   locale   "en" or "zh"; empty for that of the page              place     where it stands, if it has no view of its own
//
// For tests, every part has a data-testid: trace-viewer (the root; it has data-step, data-lens, data-format), trace-title,
// trace-badge, trace-notes, trace-first, trace-back, trace-play, trace-forward, trace-last, trace-slider, trace-position,
// trace-batch, trace-jump, trace-lens-<name>, trace-format-ring, trace-format-fixed, trace-element, trace-step-title,
// trace-step-text, trace-formulas, trace-numbers, trace-messages, trace-diagram, trace-timeline, trace-live, trace-keys.

// --- texts ----------------------------------------------------------------------------------------------------------

const EN = {
  title: "Trace of {job}", untitled: "Trace", region: "Protocol trace", steps: "step {i}, the last is {n}", messagesOnly: "message {i}, the last is {n}",
  badge: "Observer's trace: it has the numbers of all parties. A lens only covers them; they are in this page.",
  badgeSizes: "Sizes only: --trace full (in Python trace=\"full\") records the numbers of every step.",
  seed: "Repeatable run with a seed: nothing in it is secret.", cut: "Not in this view: {n} steps from the middle of their tasks; trace.steps has them.",
  cutMessages: "Not in this view: {n} messages from the middle of their tasks; trace.messages has them.",
  preview: "Of each array the first {k} elements are here; the trace keeps more.", previewOne: "Of each array the first element is here; the trace keeps more.",
  leftOut: "Not kept: {n} operations from the middle of the run.", unlisted: "{n} later messages are counted, not listed.",
  first: "First step", back: "Step back", play: "Play", pause: "Pause", forward: "Step forward", last: "Last step", stepping: "Step by step",
  scrub: "Position in the trace", batch: "Batch", outside: "outside of training", batchOf: "batch {b}", epochOf: "epoch {e}, batch {b}", taskOf: "{place}, task {task}",
  jump: "Go to next", jumpTo: "choose an operation", lens: "Seen by", observer: "observer", ttp: "TTP", format: "Numbers",
  ring: "ring", fixed: "fixed point", element: "Element", hidden: "hidden", both: "both", formulas: "Formulas", numbers: "Numbers",
  messages: "Messages", name: "name", of: "of", shape: "shape", values: "first elements", sum: "both, added",
  from: "from", to: "to", what: "what", bytes: "bytes", content: "content", round: "round", notKept: "not in the trace", none: "no message",
  noFormula: "Nothing is computed.", noNumbers: "No numbers.", local: "computes", diagram: "Sequence diagram around the current step",
  timeline: "Kinds of steps around the current one: TTP, messages, local", keys: "Keys: ← → step, Page Up/Down batch, Home End, Space play, 1–4 seen by, F numbers", keysSizes: "Keys: ← → step, Home End, Space play",
  gap: "{n} steps are not in this view",
  draws: "Told to the TTP: {list}", draw: "counter {c}, {n} elements", live: "{where}: {title}, {op}. Seen by {lens}.", more: "…",
};

const ZH = {
  title: "{job} 的追踪", untitled: "追踪", region: "协议追踪", steps: "第 {i} 步，最后一步是 {n}", messagesOnly: "第 {i} 条消息，最后一条是 {n}",
  badge: "观察者的追踪：包含各方的全部数值。视角只是遮住它们，数据仍在本页面中。",
  badgeSizes: "只有大小：用 --trace full（Python 中 trace=\"full\"）记录每一步的数值。",
  seed: "用固定种子可重复运行：其中没有秘密。", cut: "此视图中没有各任务中段的 {n} 步，trace.steps 里有。",
  cutMessages: "此视图中没有各任务中段的 {n} 条消息，trace.messages 里有。", preview: "这里每个数组只有前 {k} 个元素，追踪中有更多。", previewOne: "这里每个数组只有第一个元素，追踪中有更多。",
  leftOut: "未保留：运行中段的 {n} 个操作。", unlisted: "之后的 {n} 条消息只计数，未列出。",
  first: "第一步", back: "后退一步", play: "播放", pause: "暂停", forward: "前进一步", last: "最后一步", stepping: "逐步浏览", scrub: "在追踪中的位置",
  batch: "批次", outside: "训练之外", batchOf: "批次 {b}", epochOf: "轮次 {e}，批次 {b}", taskOf: "{place}，任务 {task}", jump: "跳到下一个", jumpTo: "选择操作",
  lens: "视角", observer: "观察者", ttp: "TTP", format: "数值", ring: "环", fixed: "定点数", element: "元素", hidden: "不可见",
  both: "双方", formulas: "公式", numbers: "数值", messages: "消息", name: "名称", of: "属于", shape: "形状", values: "前几个元素",
  sum: "双方之和", from: "发送方", to: "接收方", what: "内容", bytes: "字节", content: "数值", round: "轮", notKept: "追踪中没有",
  none: "没有消息", noFormula: "没有计算。", noNumbers: "没有数值。", local: "计算", diagram: "当前步骤附近的时序图", timeline: "当前步骤附近的步骤种类：TTP、消息、本地",
  keys: "按键：← → 单步，Page Up/Down 批次，Home End，空格 播放，1–4 视角，F 数值", keysSizes: "按键：← → 单步，Home End，空格 播放", gap: "有 {n} 步不在此视图中",
  draws: "告知 TTP：{list}", draw: "计数器 {c}，{n} 个元素",
  live: "{where}：{title}，{op}。视角：{lens}。", more: "…",
};

// Titles and explanations of the kinds of steps; the English ones come with the header.
const ZH_KINDS = {
  "join": ["把种子交给 TTP", "双方各把一个新的 16 字节种子交给 TTP，用来生成三元组分量。追踪记录里没有种子。"],
  "send": ["消息", "双方之间的消息：参数、形状或种子。追踪记录里没有内容。"],
  "exchange": ["交换", "双方互相发送数据。"],
  "share": ["私有输入", "所有者的分片就是数据本身，对方的分片是零；不发消息。"],
  "seal": ["把公开值变成分片", "双方都知道这两个种子：这只改变形式，并不隐藏什么。"],
  "triple": ["Beaver 三元组", "双方各自用种子生成 a、b、c 的分量；TTP 重新生成它们，并把修正值 d 发给其中一方，使 a · b = c。"],
  "triple elementwise": ["Beaver 三元组", "双方各自用种子生成 a、b、c 的分量；TTP 重新生成它们，并把修正值 d 发给其中一方，使 a · b = c。"],
  "open x": ["公开 x − a", "x 被随机数 a 遮住；双方发送各自的分量并得到 e，e 不透露 x。"],
  "open y": ["公开 y − b", "y 被随机数 b 遮住；双方发送各自的分量并得到 g，g 不透露 y。"],
  "combine": ["用三元组合成乘积", "双方用公开的 e、g 和自己的三元组分量在本地算出乘积的分片，不发消息。"],
  "combine elementwise": ["用三元组合成乘积", "双方用公开的 e、g 和自己的三元组分量在本地算出乘积的分片，不发消息。"],
  "truncate": ["截断", "双方各自把分片右移：0 号向下取整，1 号向上取整。不发消息。"],
  "pair": ["为截断准备的随机数对", "双方各自生成自己的 a 和 c 的分量；TTP 重新生成它们，并把修正值 d 发给其中一方，使双方的 a 之积等于双方的 c 之和。"],
  "send top bit": ["发送被遮住的最高位", "双方最高位 u 都是 1 时，分片之和才会回绕 2^64。双方各发送自己的最高位，用随机数 a 遮住。"],
  "assisted truncate": ["借助 TTP 截断", "m 是两个最高位之积的分片，表示分片之和是否回绕。双方各自右移分片并减去回绕：误差小于一个单位，绝不会因回绕而出错。"],
  "open": ["公开秘密值", "双方发送分片并得到总和：秘密值在这里被公开。"],
  "mask columns": ["遮住各自的列", "双方各发送一次被随机数 A 遮住的列；F 供这一块的所有乘积使用。"],
  "vectors": ["为一块乘积准备的向量", "双方各生成遮住分片的 v；TTP 给出 A v 的两个分量；F v 预先加上。"],
  "send masked": ["发送被遮住的分片", "双方发送对应对方列的分片，用随机数 v 遮住。"],
  "cross combine": ["与本方列相乘", "双方用自己的列乘以（自己的分片加对方发来的值），再加上预处理好的 q。"],
  "cross combine transposed": ["与本方列相乘", "双方用自己的列乘以（自己的分片加对方发来的值），再加上预处理好的 q。"],
  "dot public": ["与公开向量相乘", "双方各自在自己的分片上计算，不发消息。"],
  "scale": ["乘公开数并截断", "双方各自在自己的分片上计算，不发消息。"],
  "add": ["相加", "双方各自在自己的分片上计算，不发消息。"],
  "subtract": ["相减", "双方各自在自己的分片上计算，不发消息。"],
  "negate": ["取负", "双方各自在自己的分片上计算，不发消息。"],
  "add public": ["加公开值", "双方各自在自己的分片上计算，不发消息。"],
  "subtract public": ["减公开值", "双方各自在自己的分片上计算，不发消息。"],
  "subtract from public": ["公开值减去", "双方各自在自己的分片上计算，不发消息。"],
  "multiply by public": ["乘公开值", "双方各自在自己的分片上计算，不发消息。"],
  "blind": ["盲化自己的 ID", "双方各自把 ID 哈希成曲线上的点 H，乘以自己的秘密数，并按随机顺序发送：对方看到的是随机点。只显示每个点 32 字节中的前 8 字节。"],
  "blind again": ["盲化对方的点", "双方各自把对方发来的点 Q 乘以自己的秘密数，再发回去。"],
  "compare": ["比较", "双方都有的 ID 此时是同一个点，因为谁先乘并不影响结果：C 是双方共有的点。"],
  "times": ["乘整数", "双方各自在自己的分片上计算，不发消息。"],
  "add scaled": ["加上公开倍数", "双方各自在自己的分片上计算，不发消息。"],
  "step": ["更新权重", "双方各自在自己的分片上计算，不发消息。"],
  "update": ["更新权重", "双方各自在自己的分片上计算，不发消息。"],
};

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const fill = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));

function pageLocale() {
  const page = document.documentElement.lang || "";
  const wanted = /^zh/i.test(page) ? page : navigator.language || page;
  return /^zh/i.test(wanted) ? "zh" : "en";
}

function textsFor(locale) {
  const zh = (locale || pageLocale()).startsWith("zh");
  const table = zh ? ZH : EN;
  return {
    lang: zh ? "zh" : "en",
    t: (key, values) => fill(table[key], values),
    kind: (name, about) => (zh && ZH_KINDS[name]) || [about.title, about.text],
    count: new Intl.NumberFormat(zh ? "zh" : "en"),
  };
}

// --- the trace ------------------------------------------------------------------------------------------------------

const TYPES = {
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int8: Int8Array, int16: Int16Array, int32: Int32Array,
  uint64: BigUint64Array,
};

const BOTH = 2;
const MASK64 = (1n << 64n) - 1n;

// The columns by name, over a buffer of their own: typed arrays want to begin at multiples of 8.
function columnsOf(header, data) {
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  return Object.fromEntries(header.columns.map(({ name, type, start, length }) => [name, new TYPES[type](buffer, start, length)]));
}

// Where the parts of each step begin: running sums of their counts.
function starts(counts) {
  const result = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) result[i + 1] = result[i] + counts[i];
  return result;
}

function openTrace(header, data) {
  const c = columnsOf(header, data);
  return {
    header, c, count: c.step_kind.length, names: header.names,
    trained: c.step_batch.some((batch) => batch > 0), epochs: c.step_epoch.reduce((most, epoch) => Math.max(most, epoch), 0),
    at: { numbers: starts(c.step_numbers), messages: starts(c.step_messages), draws: starts(c.step_draws), words: starts(c.array_length) },
  };
}

const kindOf = (trace, i) => trace.names.kinds[trace.c.step_kind[i]];
const taskOf = (trace, i) => trace.header.tasks[trace.c.step_task[i]];

// How many steps of the trace are not in this view, before one that is.
const missing = (trace, i) => (i > 0 ? trace.c.step_number[i] - trace.c.step_number[i - 1] - 1 : trace.c.step_number[i]);

function numberAt(trace, n) {
  const { c, at, names } = trace;
  const start = at.words[c.number_array[n]];
  return {
    name: names.numbers[c.number_name[n]], whose: c.number_whose[n], sees: c.number_sees[n], shape: names.shapes[c.number_shape[n]],
    words: c.words.subarray(start, start + c.array_length[c.number_array[n]]),
  };
}

function stepAt(trace, i) {
  const { c, at, names } = trace;
  const kind = kindOf(trace, i);
  const numbers = [];
  for (let n = at.numbers[i]; n < at.numbers[i + 1]; n++) numbers.push(numberAt(trace, n));
  return {
    i, number: c.step_number[i], kind, numbers, about: trace.header.formulas[kind], task: taskOf(trace, i), op: names.ops[c.step_op[i]],
    batch: c.step_batch[i], epoch: c.step_epoch[i], bits: c.step_bits[i],
    messages: Array.from(c.own_messages.subarray(at.messages[i], at.messages[i + 1]), (seq) => messageAt(trace, seq)),
    draws: Array.from(c.draws.subarray(at.draws[i], at.draws[i + 1]), Number),
  };
}

function messageAt(trace, seq) {
  const { c, names } = trace;
  return {
    seq, op: names.ops[c.message_op[seq]], sender: names.people[c.message_sender[seq]], receiver: names.people[c.message_receiver[seq]],
    kind: names.message_kinds[c.message_kind[seq]], bytes: Number(c.message_bytes[seq]), round: c.message_round[seq],
    key: names.keys[c.message_key[seq]].replace("{}", c.message_number[seq]),
  };
}

const find = (step, name, whose) => step.numbers.find((n) => n.name === name && n.whose === whose);

// The number that a message carried, if the trace has it.
function carried(trace, step, message) {
  const entry = trace.header.carried.find(([kind, sent]) => kind === step.kind && sent === message.kind);
  if (!entry) return undefined;
  const party = message.kind === "REPLY" ? message.receiver : message.sender;
  return find(step, entry[2], step.task.names.indexOf(party));
}

// The sum of both parties' shares, as far as both are known.
function sumOf(step, name) {
  const [first, second] = [find(step, name, 0), find(step, name, 1)];
  if (!step.about.shared.includes(name) || !first || !second || String(first.shape) !== String(second.shape)) return [];
  const size = Math.min(first.words.length, second.words.length);
  const words = Array.from({ length: size }, (_, k) => (first.words[k] + second.words[k]) & MASK64);
  return [{ name, whose: BOTH, sees: first.sees & second.sees, shape: first.shape, words, sum: true }];
}

// The ranks in the order of the parties' names, as the lanes have them.
const ranksOf = (task) => (task.names[0] <= task.names[1] ? [0, 1] : [1, 0]);

// The numbers of a step by name: each party's, what is common, and the sum of shares.
function numbersOf(step) {
  const names = [...new Set(step.numbers.map((number) => number.name))];
  return names.flatMap((name) => [
    ...[...ranksOf(step.task), BOTH].map((whose) => find(step, name, whose)).filter((number) => number),
    ...sumOf(step, name),
  ]);
}

// --- what a lens lets through, and how numbers are written ----------------------------------------------------------

function visible(number, lens, task) {
  if (lens === "observer") return true;
  if (lens === "ttp") return (number.sees & 4) !== 0;
  const rank = task.names.indexOf(lens);
  return rank >= 0 && (number.sees & (1 << rank)) !== 0;
}

function written(word, name, step, fixed) {
  if (!fixed || step.about.small.includes(name)) return word.toString();
  const bits = step.task.fxp_bits * (step.about.wide.includes(name) ? 2 : 1);
  const value = Number(BigInt.asIntN(64, word)) / 2 ** bits;
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(7);
}

// --- formulas -------------------------------------------------------------------------------------------------------

function resolve(step, [name, whose], rank) {
  const owner = whose === "i" ? rank : whose === "j" ? 1 - rank : whose === "" ? BOTH : Number(whose);
  return find(step, name, owner);
}

function symbol([name, whose], rank, names) {
  if (!whose) return { name };
  return { name, of: names[whose === "i" ? rank : whose === "j" ? 1 - rank : Number(whose)] };
}

const applies = (step, term, rank) =>
  term.only !== `rank ${1 - rank}` && !(term.only === "adjust" && !resolve(step, term.factors[0], rank));

// Every formula for every party that computes it: tokens of symbols, and of numbers.
function linesOf(step) {
  return step.about.formulas.flatMap((formula) =>
    (formula.left[1] ? ranksOf(step.task) : [0])
      .filter((rank) => resolve(step, formula.left, rank))
      .map((rank) => ({ formula, rank, left: resolve(step, formula.left, rank), terms: formula.terms.filter((term) => applies(step, term, rank)) })),
  );
}

// The number of a term, or its factors' ones.
function valuesOf(step, term, rank) {
  const kept = term.kept && resolve(step, term.kept, rank);
  return kept ? [kept] : term.factors.map((factor) => resolve(step, factor, rank) || factor[0]);
}

// --- the page -------------------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const button = (id, label, sign) =>
  make("button", { type: "button", class: "knt-button", "data-testid": id, "aria-label": label, title: label }, sign);

function choices(name, legend, options) {
  const inputs = options.map(([value, label, testid]) => {
    const input = make("input", { type: "radio", name, value, "data-testid": testid });
    return [input, make("label", { class: "knt-choice" }, input, make("span", {}, label))];
  });
  const set = make("fieldset", { class: "knt-choices" }, make("legend", {}, legend), ...inputs.map(([, label]) => label));
  return { set, inputs: inputs.map(([input]) => input) };
}

function labelled(label, control) {
  return make("label", { class: "knt-field" }, make("span", {}, label), control);
}

function buildPage(trace, texts, id) {
  const { t } = texts;
  const people = [...new Set(trace.header.tasks.flatMap((task) => task.names))].sort();
  const lenses = [...people.map((name) => [name, name]), ["ttp", t("ttp")], ["observer", t("observer")]];
  const parts = {
    first: button("trace-first", t("first"), "|◀"), back: button("trace-back", t("back"), "◀"),
    play: button("trace-play", t("play"), "▶▶"), forward: button("trace-forward", t("forward"), "▶"),
    last: button("trace-last", t("last"), "▶|"),
    slider: make("input", { type: "range", min: 0, max: Math.max(0, trace.count - 1), step: 1, class: "knt-slider", "data-testid": "trace-slider", "aria-label": t("scrub") }),
    position: make("span", { class: "knt-position", "data-testid": "trace-position" }),
    batch: make("select", { "data-testid": "trace-batch" }), jump: make("select", { "data-testid": "trace-jump" }),
    element: make("select", { "data-testid": "trace-element" }),
    lens: choices(`${id}-lens`, t("lens"), lenses.map(([value, label]) => [value, label, `trace-lens-${value}`])),
    format: choices(`${id}-format`, t("format"), [["ring", t("ring"), "trace-format-ring"], ["fixed", t("fixed"), "trace-format-fixed"]]),
    timeline: make("canvas", { class: "knt-timeline", role: "img", "aria-label": t("timeline"), "data-testid": "trace-timeline" }),
    diagram: make("div", { class: "knt-diagram", "data-testid": "trace-diagram" }),
    title: make("h4", { class: "knt-step-title", "data-testid": "trace-step-title" }),
    text: make("p", { class: "knt-step-text", "data-testid": "trace-step-text" }),
    formulas: make("div", { class: "knt-formulas", role: "group", "aria-label": t("formulas"), "data-testid": "trace-formulas" }),
    messages: make("div", { "data-testid": "trace-messages" }),
    numbers: make("div", { "data-testid": "trace-numbers" }),
    live: make("div", { class: "knt-live", role: "status", "aria-live": "polite", "data-testid": "trace-live" }),
    lenses: lenses.map(([value]) => value), people,
  };
  const job = trace.header.title;
  const badge = make("p", { class: "knt-badge", "data-testid": "trace-badge" }, t(trace.header.numbers ? "badge" : "badgeSizes"));
  const bar = make("div", { class: "knt-bar", role: "toolbar", "aria-label": t("stepping") }, parts.first, parts.back, parts.play, parts.forward, parts.last, parts.position);
  const options = make("div", { class: "knt-bar" }, labelled(t("jump"), parts.jump));
  const looks = make("div", { class: "knt-bar" });
  if (trace.header.numbers) {
    if (trace.trained) options.prepend(labelled(t("batch"), parts.batch));
    looks.append(parts.lens.set, parts.format.set, labelled(t("element"), parts.element));
  }
  const main = make("div", { class: "knt-main" }, parts.diagram,
    make("div", { class: "knt-step" }, parts.title, parts.text, ...(trace.header.numbers ? [parts.formulas] : []), parts.messages, parts.numbers));
  parts.root = make("section",
    { class: "knt", role: "region", "aria-label": job ? t("title", { job }) : t("region"), tabindex: 0, lang: texts.lang, "data-testid": "trace-viewer", "data-lm-suppress-shortcuts": "true" },
    make("h3", { class: "knt-title", "data-testid": "trace-title" }, job ? t("title", { job }) : t("untitled")), badge, notes(trace, texts),
    bar, parts.timeline, parts.slider, options, looks, main, make("p", { class: "knt-keys", "data-testid": "trace-keys" }, t(trace.header.numbers ? "keys" : "keysSizes")), parts.live);
  fillSelects(trace, texts, parts);
  // JupyterLab's command mode takes arrows from whatever has the focus, unless that very element says no.
  for (const control of parts.root.querySelectorAll("button, input, select")) control.setAttribute("data-lm-suppress-shortcuts", "true");
  return parts;
}

function notes(trace, texts) {
  const { header } = trace;
  const lines = [];
  if (header.remarks.length) lines.push(texts.t("seed"));
  if (header.numbers) lines.push(texts.t(header.elements > 1 ? "preview" : "previewOne", { k: header.elements }));
  if (header.cut) lines.push(texts.t(header.numbers ? "cut" : "cutMessages", { n: texts.count.format(header.cut) }));
  const total = (name) => header.tasks.reduce((sum, task) => sum + task[name], 0);
  if (total("left_out")) lines.push(texts.t("leftOut", { n: texts.count.format(total("left_out")) }));
  if (total("unlisted")) lines.push(texts.t("unlisted", { n: texts.count.format(total("unlisted")) }));
  return make("p", { class: "knt-notes", "data-testid": "trace-notes" }, lines.join(" "));
}

function fillSelects(trace, texts, parts) {
  const { c } = trace;
  let last = "";
  for (let i = 0; i < trace.count; i++) {
    const key = `${c.step_task[i]}/${c.step_epoch[i]}/${c.step_batch[i]}`;
    if (key !== last && (c.step_batch[i] > 0 || i === 0)) parts.batch.append(make("option", { value: i }, place(trace, texts, i)));
    last = key;
  }
  parts.begins = Array.from(parts.batch.options, (option) => Number(option.value));
  parts.batch.disabled = parts.begins.length < 2;
  parts.jump.append(make("option", { value: "" }, texts.t("jumpTo")));
  const seen = new Set();
  for (let i = 0; i < trace.count; i++) {
    const key = `${c.step_kind[i]} ${c.step_op[i]}`;
    if (seen.has(key)) continue;
    seen.add(key);
    parts.jump.append(make("option", { value: key }, heading(trace, texts, i)));
  }
  for (let k = 0; k < trace.header.elements; k++) parts.element.append(make("option", { value: k }, String(k)));
}

// Where in the training a step is, and in which task if there are several.
function place(trace, texts, i) {
  const [e, b] = [trace.c.step_epoch[i], trace.c.step_batch[i]];
  const found = b === 0 ? "outside" : trace.epochs > 1 ? "epochOf" : "batchOf";
  const text = trace.trained ? texts.t(found, { e, b }) : "";
  if (trace.header.tasks.length < 2) return text;
  const task = taskOf(trace, i).id;
  return text ? texts.t("taskOf", { task, place: text }) : task;
}

// What a step is, and what it is for, unless that is the same.
const headline = (title, kind, op) => (op === kind ? title : `${title} · ${op}`);

function heading(trace, texts, i) {
  const kind = kindOf(trace, i);
  return headline(texts.kind(kind, trace.header.formulas[kind])[0], kind, trace.names.ops[trace.c.step_op[i]]);
}

// --- one step on the page -------------------------------------------------------------------------------------------

function numberNode(number, step, state, texts) {
  if (typeof number === "string") return document.createTextNode(number);
  if (!visible(number, state.lens, step.task)) return hiddenNode(texts);
  const word = number.words[Math.min(state.element, number.words.length - 1)];
  return make("span", { class: "knt-number" }, word === undefined ? texts.t("more") : written(word, number.name, step, state.fixed));
}

const hiddenNode = (texts) => make("span", { class: "knt-hidden" }, `▒ ${texts.t("hidden")}`);

const symbolNode = ({ name, of }) => make("span", { class: "knt-symbol" }, name, ...(of ? [make("sub", {}, of)] : []));

// What a truncation has before and after its terms; rank 1 of the asymmetric rule rounds up. >>> is without a sign
export function around(line, step) {
  if (!line.formula.function) return ["", ""];
  if (line.formula.function === "B") return ["(", ") >>> 63"];
  if (line.formula.function === "S") return ["(", `) >>> ${step.bits}`];
  const shift = `) >> ${step.bits}`;
  return line.rank === 1 && step.task.mirrored ? ["-(-(", `${shift})`] : ["(", shift];
}

// a·b + c, from the nodes of its terms
function equation(left, line, step, nodesOf) {
  const right = [];
  line.terms.forEach((term, k) => {
    if (k || term.negative) right.push(term.negative ? (k ? " − " : "−") : " + ");
    nodesOf(term).forEach((node, f) => right.push(...(f ? ["·", node] : [node])));
  });
  const [before, after] = around(line, step);
  return [left, " = ", before, ...right, after];
}

function showFormulas(target, step, state, texts) {
  const lines = linesOf(step).map((line) => {
    const names = step.task.names;
    const symbols = equation(symbolNode(symbol(line.formula.left, line.rank, names)), line, step, (term) => term.factors.map((f) => symbolNode(symbol(f, line.rank, names))));
    const numbers = equation(numberNode(line.left, step, state, texts), line, step, (term) => valuesOf(step, term, line.rank).map((n) => numberNode(n, step, state, texts)));
    return make("div", { class: "knt-formula" }, make("div", { class: "knt-symbols" }, ...symbols), make("div", { class: "knt-filled" }, ...numbers));
  });
  target.replaceChildren(...(lines.length ? lines : [make("p", { class: "knt-quiet" }, texts.t("noFormula"))]));
}

// A row with one cell goes over all columns.
function table(caption, columns, widths, rows) {
  const sizes = columns.map((_, k) => make("col", widths[k] ? { style: `width: ${widths[k]}em` } : {}));
  const head = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", { colspan: cells.length > 1 ? 1 : columns.length }, cell))));
  return make("table", { class: "knt-table" }, make("caption", {}, caption), make("colgroup", {}, ...sizes), make("thead", {}, head), make("tbody", {}, ...body));
}

function elementsNode(number, step, state, texts) {
  if (!visible(number, state.lens, step.task)) return hiddenNode(texts);
  const size = number.shape.reduce((product, n) => product * n, 1);
  const shown = Array.from(number.words, (word) => written(word, number.name, step, state.fixed));
  return make("span", { class: "knt-number" }, [...shown, ...(size > shown.length ? [texts.t("more")] : [])].join("  "));
}

function showNumbers(target, step, state, texts) {
  const rows = numbersOf(step).map((number) => [
    symbolNode({ name: number.name }),
    number.sum ? texts.t("sum") : number.whose === BOTH ? texts.t("both") : step.task.names[number.whose],
    number.shape.join(" × "),
    elementsNode(number, step, state, texts),
  ]);
  const { t } = texts;
  target.replaceChildren(...(rows.length ? [table(t("numbers"), [t("name"), t("of"), t("shape"), t("values")], [4.5, 7.5, 6], rows)] : []));
}

function contentNode(trace, step, message, state, texts) {
  const number = carried(trace, step, message);
  return number ? elementsNode(number, step, state, texts) : make("span", { class: "knt-quiet" }, texts.t("notKept"));
}

const person = (name, texts) => (name === "ttp" ? texts.t("ttp") : name);

function showMessages(target, trace, step, state, texts) {
  const { t } = texts;
  const content = (message) => make("span", {}, make("span", { class: "knt-quiet" }, `${t("content")} `), contentNode(trace, step, message, state, texts));
  const rows = step.messages.flatMap((message) => [
    [person(message.sender, texts), person(message.receiver, texts), message.op, make("code", {}, message.key), String(message.round), texts.count.format(message.bytes)],
    ...(trace.header.numbers ? [[content(message)]] : []), // over all columns: a number of 20 digits needs room
  ]);
  const columns = [t("from"), t("to"), t("what"), "key", t("round"), t("bytes")];
  const shown = rows.length ? [table(t("messages"), columns, [4, 4, 6.2, 0, 4.2, 4.4], rows)] : [];
  const sees = state.lens === "ttp" || state.lens === "observer";
  if (step.draws.length && sees) shown.push(make("p", { class: "knt-quiet" }, t("draws", { list: drawList(step.draws, texts) })));
  target.replaceChildren(...shown);
}

function drawList(draws, texts) {
  const parts = [];
  for (let k = 0; k + 1 < draws.length; k += 2) parts.push(texts.t("draw", { c: draws[k], n: texts.count.format(draws[k + 1]) }));
  return parts.join("; ");
}

// --- the sequence diagram -------------------------------------------------------------------------------------------

const AROUND = 5; // steps before and after the current one
const GUTTER = 212; // for the titles of the steps, if there is room for it beside the lanes
const LEAST_LANE = 110;
const LINE = 24;
const TITLE = 16; // else each has a line of its own

// Where everything goes in so many pixels: letters are as large in a narrow picture as in a wide one.
function layoutOf(trace, parts, width) {
  const lanes = [...parts.people, "ttp"];
  const beside = width >= GUTTER + LEAST_LANE * lanes.length;
  const gutter = beside ? GUTTER : 0;
  const lane = (width - gutter) / lanes.length;
  return { lanes, width, lane, above: beside ? 0 : TITLE, x: Object.fromEntries(lanes.map((name, k) => [name, gutter + lane * (k + 0.5)])) };
}

function showDiagram(target, trace, parts, state, texts) {
  const layout = layoutOf(trace, parts, state.width);
  const { lanes, width, lane, x } = layout; // a label has at most 20 digits
  const from = Math.max(0, Math.min(state.step - AROUND, trace.count - 2 * AROUND - 1));
  const steps = [];
  for (let i = from; i < Math.min(trace.count, from + 2 * AROUND + 1); i++) steps.push(stepAt(trace, i));
  let y = 34;
  const rows = steps.flatMap((step) => {
    const gap = missing(trace, step.i) ? [draw("text", { x: width / 2, y: y + 15, class: "knt-gap" }, `⋯ ${texts.t("gap", { n: texts.count.format(missing(trace, step.i)) })} ⋯`)] : [];
    y += LINE * gap.length;
    const [node, height] = diagramRow(trace, step, layout, y, step.i === state.step, state, texts);
    y += height;
    return [...gap, node];
  });
  const heads = lanes.map((name) => draw("text", { x: x[name], y: 18, class: "knt-lane-name" }, person(name, texts)));
  const lines = lanes.map((name) => draw("line", { x1: x[name], x2: x[name], y1: 26, y2: y, class: "knt-lane" }));
  const label = `${texts.t("diagram")}: ${steps.flatMap((step) => describe(trace, step, texts)).join("; ")}`;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${y + 6}`, role: "img", "aria-label": label, class: "knt-svg", style: `--knt-label: ${Math.min(11.5, lane / 13.5)}px` }, ...lines, ...heads, ...rows);
  target.replaceChildren(svg);
}

function describe(trace, step, texts) {
  if (!step.messages.length) return [heading(trace, texts, step.i)];
  return step.messages.map((m) => `${person(m.sender, texts)} → ${person(m.receiver, texts)}: ${m.op}, ${m.bytes} ${texts.t("bytes")}`);
}

function diagramRow(trace, step, layout, y, current, state, texts) {
  const { x, width, above } = layout;
  const height = 6 + above + LINE * Math.max(1, step.messages.length);
  const row = draw("g", { class: `knt-row${current ? " knt-current" : ""}`, "data-step": step.i });
  row.append(draw("rect", { x: 2, y: y - 1, width: width - 4, height: height - 2, rx: 3, class: "knt-row-box" }));
  row.append(draw("text", { x: 8, y: y + (above ? 13 : 18), class: "knt-row-title" }, `${step.number}  ${heading(trace, texts, step.i)}`));
  step.messages.forEach((message, k) => row.append(...arrowNodes(trace, step, message, layout, y + above + 20 + LINE * k, state, texts)));
  if (!step.messages.length) step.task.names.filter((name) => computes(step, name)).forEach((name) => row.append(draw("circle", { cx: x[name], cy: y + above + 14, r: 4, class: "knt-dot" })));
  return [row, height];
}

const computes = (step, name) => step.numbers.some((number) => number.whose === step.task.names.indexOf(name));

function arrowNodes(trace, step, message, { x, lane }, y, state, texts) {
  const [from, to] = [x[message.sender], x[message.receiver]];
  const side = to > from ? 1 : -1;
  const number = carried(trace, step, message);
  const shown = number && (visible(number, state.lens, step.task) ? written(number.words[0], number.name, step, state.fixed) : `▒ ${texts.t("hidden")}`);
  const middle = from + side * (lane / 2);
  const label = shown || `${message.op}, ${texts.count.format(message.bytes)} ${texts.t("bytes")}`;
  return [
    draw("line", { x1: from, x2: to - 7 * side, y1: y, y2: y, class: "knt-arrow" }),
    draw("path", { d: `M${to} ${y}l${-8 * side} -4v8z`, class: "knt-tip" }),
    draw("text", { x: middle, y: y - 4, class: "knt-label" }, draw("title", {}, `${message.key}, ${texts.count.format(message.bytes)} ${texts.t("bytes")}`), label),
  ];
}

// --- the timeline ---------------------------------------------------------------------------------------------------

const HUES = { ttp: "--knt-ttp", open: "--knt-open", local: "--knt-local", other: "--knt-other" };

function family(kind) {
  if (kind.startsWith("triple") || kind === "vectors" || kind === "join") return "ttp";
  if (/^(open|send|exchange|mask)/.test(kind)) return "open";
  return kind === "share" ? "other" : "local";
}

const BOX = 6; // pixels of a step, at most

// The steps around the current one, in three lanes by kind, with a line where a batch begins.
function timelineWindow(trace, width, step) {
  const size = Math.min(trace.count, Math.max(1, Math.floor(width / BOX)));
  return { size, from: clamp(step - Math.floor(size / 2), 0, trace.count - size) };
}

function drawTimeline(canvas, trace, step) {
  const scale = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const style = getComputedStyle(canvas);
  const colours = Object.fromEntries(Object.entries(HUES).map(([name, variable]) => [name, style.getPropertyValue(variable).trim() || "#888"]));
  const families = trace.names.kinds.map(family);
  const rows = { ttp: 0, open: 1, local: 2, other: 2 };
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const { from, size } = timelineWindow(trace, width / scale, step);
  const box = width / size;
  for (let i = from; i < from + size; i++) {
    const name = families[trace.c.step_kind[i]];
    const x = (i - from) * box;
    context.fillStyle = colours[name];
    context.fillRect(x, (rows[name] * height) / 3 + scale, Math.max(1, box - scale), height / 3 - 2 * scale);
    if (i > 0 && missing(trace, i)) context.fillStyle = style.color;
    if (i > 0 && trace.c.step_batch[i] !== trace.c.step_batch[i - 1]) context.fillRect(x - scale, 0, scale, height);
  }
  context.strokeStyle = style.color;
  context.lineWidth = 2 * scale;
  context.strokeRect((step - from) * box, scale, box, height - 2 * scale);
}

// --- behaviour ------------------------------------------------------------------------------------------------------

const PAUSE = 30; // milliseconds between two drawings of the tables and the diagram, at least

// The place of the last of these rising numbers that is not above a limit.
function lastUpTo(numbers, limit) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function stepOfBatch(trace, begins, step, direction) {
  if (direction > 0) return begins[lastUpTo(begins, step) + 1] ?? trace.count - 1;
  return begins[lastUpTo(begins, step - 1)] ?? 0;
}

function nextOfKind(trace, key, step) {
  const [kind, op] = key.split(" ").map(Number);
  for (let k = 1; k <= trace.count; k++) {
    const i = (step + k) % trace.count;
    if (trace.c.step_kind[i] === kind && trace.c.step_op[i] === op) return i;
  }
  return step;
}

function viewer(trace, texts, signal) {
  const parts = buildPage(trace, texts, `knt-${Math.random().toString(36).slice(2)}`);
  const state = { step: 0, lens: "observer", fixed: false, element: 0, playing: false, width: 600 };
  let frame = 0;
  let drawn = -PAUSE;
  let spoken = 0;

  function change(changes) {
    Object.assign(state, changes);
    state.step = clamp(state.step, 0, Math.max(0, trace.count - 1));
    frame ||= requestAnimationFrame(render);
  }

  function render() {
    frame = 0;
    if (signal.aborted || !trace.count) return;
    drawTimeline(parts.timeline, trace, state.step); // first: it asks for sizes, which are known before anything changes
    state.width = parts.diagram.clientWidth || state.width;
    const step = stepAt(trace, state.step);
    const [title, text] = texts.kind(step.kind, step.about);
    const where = texts.t(trace.header.numbers ? "steps" : "messagesOnly", { i: texts.count.format(step.number), n: texts.count.format(trace.c.step_number[trace.count - 1]) });
    const at = [where, place(trace, texts, state.step)].filter((part) => part).join(texts.lang === "zh" ? "，" : ", ");
    Object.assign(parts.root.dataset, { step: state.step, lens: state.lens, format: state.fixed ? "fixed" : "ring" });
    parts.slider.value = state.step;
    parts.slider.setAttribute("aria-valuetext", `${where}, ${title}`);
    parts.position.textContent = at;
    parts.title.textContent = headline(title, step.kind, step.op);
    parts.text.textContent = trace.header.numbers ? text : ""; // of sizes alone nobody knows what they are of
    parts.lens.inputs.forEach((input) => (input.checked = input.value === state.lens));
    parts.format.inputs.forEach((input) => (input.checked = (input.value === "fixed") === state.fixed));
    parts.batch.selectedIndex = lastUpTo(parts.begins, state.step);
    showFormulas(parts.formulas, step, state, texts);
    const now = performance.now();
    if (now - drawn < PAUSE) {
      frame = requestAnimationFrame(render); // the tables and the diagram come with one of the next frames
    } else {
      drawn = now;
      showMessages(parts.messages, trace, step, state, texts);
      showNumbers(parts.numbers, step, state, texts);
      showDiagram(parts.diagram, trace, parts, state, texts);
    }
    clearTimeout(spoken);
    spoken = setTimeout(() => (parts.live.textContent = texts.t("live", { where, title, op: step.op, lens: person(state.lens, texts) })), 400);
  }

  function play(playing) {
    state.playing = playing;
    const label = texts.t(playing ? "pause" : "play");
    parts.play.textContent = playing ? "❚❚" : "▶▶";
    parts.play.setAttribute("aria-label", label);
    parts.play.title = label;
    clearInterval(timer);
    if (playing) timer = setInterval(() => (state.step >= trace.count - 1 || !parts.root.isConnected ? play(false) : change({ step: state.step + 1 })), 700);
  }
  let timer = 0;

  const keys = {
    ArrowRight: () => change({ step: state.step + 1 }), ArrowLeft: () => change({ step: state.step - 1 }),
    Home: () => change({ step: 0 }), End: () => change({ step: trace.count - 1 }),
    PageDown: () => change({ step: stepOfBatch(trace, parts.begins, state.step, 1) }), PageUp: () => change({ step: stepOfBatch(trace, parts.begins, state.step, -1) }),
    " ": () => play(!state.playing), f: () => change({ fixed: !state.fixed }), F: () => change({ fixed: !state.fixed }),
    ...Object.fromEntries(parts.lenses.map((lens, k) => [String(k + 1), () => change({ lens })])),
  };

  function onKey(event) {
    event.stopPropagation(); // the notebook has its own arrows and digits
    const { tagName, type } = event.target;
    if (type === "radio" && event.key.startsWith("Arrow")) return; // which choose among the radio buttons
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || tagName === "SELECT") return;
    if (event.key === " " && (tagName === "BUTTON" || type === "radio")) return;
    event.preventDefault();
    keys[event.key]();
  }

  const on = (target, kind, listener) => target.addEventListener(kind, listener, { signal });
  on(parts.root, "keydown", onKey);
  on(parts.first, "click", keys.Home);
  on(parts.last, "click", keys.End);
  on(parts.back, "click", keys.ArrowLeft);
  on(parts.forward, "click", keys.ArrowRight);
  on(parts.play, "click", keys[" "]);
  on(parts.slider, "input", () => change({ step: Number(parts.slider.value) }));
  on(parts.batch, "change", () => change({ step: Number(parts.batch.value) }));
  on(parts.element, "change", () => change({ element: Number(parts.element.value) }));
  on(parts.jump, "change", () => {
    if (parts.jump.value) change({ step: nextOfKind(trace, parts.jump.value, state.step) });
    parts.jump.value = "";
  });
  parts.lens.inputs.forEach((input) => on(input, "change", () => change({ lens: input.value })));
  parts.format.inputs.forEach((input) => on(input, "change", () => change({ fixed: input.value === "fixed" })));
  on(parts.diagram, "click", (event) => {
    const row = event.target.closest("[data-step]");
    if (row) change({ step: Number(row.dataset.step) });
  });
  on(parts.timeline, "click", (event) => {
    const box = parts.timeline.getBoundingClientRect();
    const { from, size } = timelineWindow(trace, box.width, state.step);
    change({ step: from + Math.floor(((event.clientX - box.left) / box.width) * size) });
  });
  const resized = new ResizeObserver(() => change({}));
  resized.observe(parts.timeline);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    clearInterval(timer);
    clearTimeout(spoken);
    cancelAnimationFrame(frame);
  });
  change({});
  return parts.root;
}

function render({ model, el }) {
  const controller = new AbortController();
  const texts = textsFor(model.get("locale"));
  el.replaceChildren(viewer(openTrace(model.get("header"), model.get("columns")), texts, controller.signal));
  return () => controller.abort();
}

// Without a view of its own the viewer stands in the page wherever there is its place, a cell's static form, which is
// what a saved notebook has. Whoever draws that form anew, or in another page, gets the viewer there as well.
function initialize({ model }) {
  const place = model.get("place");
  if (!place) return;
  function fillPlaces() {
    for (const host of document.querySelectorAll(`[data-kuscia-trace="${place}"]:not([data-filled])`)) {
      host.dataset.filled = "";
      host.closest(".jp-RenderedHTMLCommon")?.classList.remove("jp-RenderedHTMLCommon"); // JupyterLab's look of texts
      render({ model, el: host });
    }
  }
  const changes = new MutationObserver(fillPlaces);
  changes.observe(document.body, { childList: true, subtree: true });
  fillPlaces();
  return () => changes.disconnect();
}

export { carried, linesOf, numbersOf, openTrace, place, stepAt, sumOf, textsFor, valuesOf, visible, written };
export default { initialize, render };
