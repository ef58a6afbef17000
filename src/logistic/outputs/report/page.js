"use strict";
// Without this script the page says the same; with it tables sort, rows of one class can be chosen, and the threshold moves.

const ABSENT = "\u2013";
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const element = (name, properties = {}) => Object.assign(document.createElement(name), properties);

// ------------------------------------------------------------------------------------------------------------------ tables

const words = new Intl.Collator("en", { numeric: true });

function valuesOf(rows, column) {
  return rows.map((row) => {
    const cell = row.cells[column];
    return "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent;
  });
}

// Below zero where a comes first; what is no number stays at the end in either direction.
function compare(a, b, sign) {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  if (typeof a === "string") return sign * words.compare(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a === b ? 0 : sign * (a < b ? -1 : 1);
}

function sortable(table) {
  const body = table.tBodies[0];
  const original = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = element("button", { type: "button", className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
      const order = next === undefined ? "ascending" : next;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (!order) return body.append(...original);
      head.setAttribute("aria-sort", order);
      const values = valuesOf(original, column);
      const sign = order === "ascending" ? 1 : -1;
      const places = original.map((_, i) => i).sort((i, j) => compare(values[i], values[j], sign));
      body.append(...places.map((i) => original[i]));
    });
  });
}

function choose(code) {
  all("table[data-sort]").forEach((table) => {
    const rows = Array.from(table.tBodies[0].rows).filter((row) => "class" in row.dataset);
    rows.forEach((row) => { row.hidden = code !== "" && row.dataset.class !== code; });
    const shown = rows.filter((row) => !row.hidden).length;
    const status = table.querySelector(".shown");
    if (status) status.textContent = code === "" ? "" : `${amount(shown)} of ${amount(rows.length)} rows are shown.`;
  });
}

// --------------------------------------------------------------------------------------------------------------- threshold

function amount(value) {
  if (Math.abs(value) >= 1e15) return String(Number(value.toPrecision(6)));
  return value.toLocaleString("en-US", Number.isInteger(value) ? {} : { maximumSignificantDigits: 6 });
}

const short = (value) => String(Number(value.toPrecision(3)));
const ratio = (part, whole) => (whole > 0 ? (part / whole).toFixed(3) : ABSENT);
const percent = (part, whole) => (whole > 0 ? `${((100 * part) / whole).toFixed(1)}%` : ABSENT);

function slider(block) {
  const [thresholds, tp, fp, fn, tn] = JSON.parse(block.querySelector("script").textContent);
  const range = block.querySelector("input[type=range]");
  const [ofPositive, ofNegative] = all("input.cost", block);
  const cells = all(".matrix td", block);
  const measures = all(".measures dd", block);
  let least = 0;

  function matrix() {
    const i = range.valueAsNumber;
    const [a, b, c, d] = [tn[i], fp[i], fn[i], tp[i]];
    const shown = [[a, a + b], [b, a + b], [c, c + d], [d, c + d]];
    cells.forEach((cell, k) => {
      cell.querySelector("b").textContent = amount(shown[k][0]);
      cell.querySelector(".share").textContent = percent(...shown[k]);
    });
    const found = [ratio(d, d + b), ratio(d, d + c), ratio(2 * d, 2 * d + b + c), ratio(a + d, a + b + c + d)];
    measures.forEach((measure, k) => { measure.textContent = found[k]; });
    all(".at", block).forEach((place) => { place.textContent = short(thresholds[i]); });
    range.setAttribute("aria-valuetext", short(thresholds[i]));
  }

  function costs() {
    const prices = [ofPositive, ofNegative].map((input) => input.valueAsNumber);
    const valid = prices.every((price) => price >= 0);
    [ofPositive, ofNegative].forEach((input) => input.setAttribute("aria-invalid", !(input.valueAsNumber >= 0)));
    block.querySelector("button").disabled = !valid;
    const output = block.querySelector("output");
    if (!valid) return void (output.textContent = "A cost is a number, zero or more.");
    const total = thresholds.map((_, i) => prices[0] * fp[i] + prices[1] * fn[i]);
    const lowest = Math.min(...total);
    const first = total.indexOf(lowest);
    let last = first;
    while (total[last + 1] === lowest) last += 1;
    least = Math.floor((first + last) / 2);
    const where = [...new Set([short(thresholds[first]), short(thresholds[last])])].join(" to ");
    output.textContent = `Total cost ${amount(total[range.valueAsNumber])}; the least is ${amount(lowest)}, at threshold ${where}.`;
  }

  const update = () => { matrix(); costs(); };
  block.addEventListener("input", update);
  block.querySelector("button").addEventListener("click", () => { range.value = least; update(); });
  block.querySelector(".controls").hidden = false;
  update();
}

// -------------------------------------------------------------------------------------------------------------------- start

all("table[data-sort]").forEach(sortable);
all(".thresholds").forEach(slider);
all("#choose-class").forEach((select) => select.addEventListener("change", () => choose(select.value)));
const theme = document.getElementById("choose-theme");
theme.addEventListener("change", () => { document.documentElement.dataset.theme = theme.value; });
document.querySelector(".bar").hidden = false;
