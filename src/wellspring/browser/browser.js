// The plate browser. Data come as scripts, since a page that is opened as a file may load nothing else.
"use strict";

const byId = (id) => document.getElementById(id);
const plates = new Map(), wells = new Map(), images = new Map(), pictures = new Map();
const MOST_IMAGES = 6, RAMP = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const GATE_COLORS = ["#ff5ca8", "#ff9f1c", "#7b5cff", "#00b3a4", "#e4572e"];
const NO_NUMBER = new Set(["site", "missing_because"]);
const state = { plate: "", well: "", site: 0, cell: 0, hover: "", number: "", view: "numbers", x: "", y: "", scope: "well", outlines: true, spots: true, gates: [], channels: new Map(), zoom: 1, left: 0, top: 0, drag: null };

const wellspring = {
  add(kind, data) {
    const key = data.well === undefined ? data.plate : wellKey(data.plate, data.well);
    ({ plate: plates, pictures, well: wells, images })[kind].set(key, data);
  },
};
window.wellspring = wellspring;

function wellKey(plate, well) { return `${plate}/${well}`; }
function cellKey(plate, well, id) { return `${plate}/${well}/${id}`; }

const loading = new Map();
function urlOf(path) { return path.map(encodeURIComponent).join("/"); }
function load(path) {
  const url = urlOf(path);
  if (!loading.has(url)) {
    loading.set(url, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => { script.remove(); resolve(); };
      script.onerror = () => { script.remove(); loading.delete(url); reject(new Error(`${url} is not there: keep the folder of this page together`)); };
      document.head.append(script);
    }));
  }
  return loading.get(url);
}
function say(text) { byId("where").textContent = text; }
function failed(error) { say(error.message); }

function element(name, attributes = {}, ...inner) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && key !== "role") { made[key] = value; } else { made.setAttribute(key, value); }
  }
  made.append(...inner);
  return made;
}
function vector(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) { made.setAttribute(key, value); }
  return made;
}
function shown(value) {
  if (value === null || value === undefined || value === "") { return "–"; }
  if (typeof value === "boolean") { return value ? "yes" : "no"; }
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}
function isNumber(value) { return typeof value === "number" && Number.isFinite(value); }

// Plate
function thePlate() { return plates.get(state.plate); }
function ramp(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), low = Math.floor(at), high = Math.min(low + 1, RAMP.length - 1);
  const [a, b] = [RAMP[low], RAMP[high]].map((one) => [1, 3, 5].map((from) => parseInt(one.slice(from, from + 2), 16)));
  return `rgb(${a.map((one, n) => Math.round(one + (b[n] - one) * (at - low))).join(",")})`;
}
async function openPlate(name) {
  await load(["plates", `${name}.js`]);
  const plate = plates.get(name);
  state.plate = name;
  state.channels = new Map(plate.channels.map((one) => [one.name, { ...one, on: true }]));
  if (!plate.columns.some((one) => one.name === state.number)) { state.number = plate.columns.length ? plate.columns[0].name : ""; }
  byId("plates").value = name;
  byId("numbers").replaceChildren(...grouped(plate.columns));
  byId("numbers").value = state.number;
  drawChannels();
  drawPlate();
  if (state.view === "pictures") { await showPictures(); }
}
function grouped(columns) {
  const groups = new Map();
  for (const one of columns) {
    if (!groups.has(one.group)) { groups.set(one.group, element("optgroup", { label: one.group })); }
    groups.get(one.group).append(element("option", { value: one.name, textContent: one.label }));
  }
  return [...groups.values()];
}
function drawPlate() {
  const plate = thePlate(), grid = byId("plate"), column = plate.columns.find((one) => one.name === state.number);
  const values = column ? column.values : [], colors = colorsOf(values);
  grid.style.gridTemplateColumns = `1.4rem repeat(${plate.across.length}, minmax(0, 1fr))`;
  grid.className = `plate ${state.view}`;
  const at = new Map(plate.wells.map((one, n) => [`${one.row},${one.column}`, n]));
  const parts = [element("span")];
  plate.across.forEach((name) => parts.push(element("span", { className: "head", textContent: name })));
  plate.down.forEach((name, row) => {
    parts.push(element("span", { className: "head", textContent: name }));
    plate.across.forEach((_, place) => {
      const n = at.get(`${row},${place}`);
      parts.push(n === undefined ? element("span", { className: "empty" }) : wellButton(plate.wells[n], values[n], colors));
    });
  });
  grid.replaceChildren(...parts);
  const first = grid.querySelector(".well.open") || grid.querySelector(".well");
  if (first) { first.tabIndex = 0; }
  drawScale(colors, column);
}
function wellButton(well, value, colors) {
  const button = element("button", { type: "button", className: "well", tabIndex: -1 });
  button.dataset.well = well.well;
  button.classList.toggle("doubtful", well.doubtful);
  button.classList.toggle("open", well.well === state.well);
  button.setAttribute("aria-label", `${well.well}: ${shown(value)}${well.doubtful ? `, look at it: ${well.reasons}` : ""}`);
  button.title = button.getAttribute("aria-label");
  if (state.view === "numbers") {
    const color = colors.of(value);
    if (color) { button.style.background = color; } else { button.classList.add("unknown"); }
  } else { addPictures(button, well.well); }
  return button;
}
function addPictures(button, name) {
  const found = pictures.get(state.plate), own = found && found.wells[name];
  if (!own) { return; }
  let number = 0;
  for (const [channel, one] of state.channels) {
    if (one.on && own.pictures[channel]) {
      const picture = element("img", { alt: "", src: `data:image/jpeg;base64,${own.pictures[channel]}` });
      picture.style.filter = `url(#${filterFor(channel, own.lights[channel], `p${number}-${name}`)})`;
      button.append(picture);
    }
    number += 1;
  }
}
function colorsOf(values) {
  const numbers = values.filter(isNumber);
  if (numbers.length || !values.some((one) => one !== null)) {
    const low = Math.min(...numbers), high = Math.max(...numbers);
    return { low, high, of: (value) => (isNumber(value) ? ramp(high > low ? (value - low) / (high - low) : 0.5) : "") };
  }
  const names = [...new Set(values.filter((one) => one !== null))];
  return { names, of: (value) => (value === null ? "" : `hsl(${(names.indexOf(value) * 137.5) % 360} 55% 55%)`) };
}
function drawScale(colors, column) {
  const place = byId("scale");
  if (!column || state.view === "pictures") { place.replaceChildren(); return; }
  if (colors.names) {
    place.replaceChildren(...colors.names.slice(0, 12).map((name) => {
      const mark = element("span", { textContent: "● " });
      mark.style.color = colors.of(name);
      return element("span", {}, mark, String(name));
    }));
    return;
  }
  const bar = element("span", { className: "ramp" });
  bar.style.background = `linear-gradient(90deg, ${RAMP.join(",")})`;
  place.replaceChildren(element("span", { textContent: shown(colors.low) }), bar, element("span", { textContent: shown(colors.high) }), element("span", { className: "doubt", textContent: "○ look at it first" }));
}
async function showPictures() {
  await load(["pictures", `${state.plate}.js`]);
  drawPlate();
}
function setView(view) {
  state.view = view;
  byId("as-numbers").setAttribute("aria-pressed", view === "numbers");
  byId("as-pictures").setAttribute("aria-pressed", view === "pictures");
  if (view === "pictures") { showPictures().catch(failed); } else { drawPlate(); }
}
function tellWell(name) {
  const plate = thePlate(), n = plate.wells.findIndex((one) => one.well === name), well = plate.wells[n];
  if (!well) { return; }
  const column = plate.columns.find((one) => one.name === state.number), place = byId("about-well");
  place.textContent = `${name}${column ? ` · ${column.label}: ${shown(column.values[n])}` : ""}`;
  for (const one of plate.columns.filter((other) => other.group === "Sheet")) { place.append(` · ${one.label}: ${shown(one.values[n])}`); }
  if (well.doubtful) { place.append(element("span", { className: "doubt", textContent: ` · look at it first: ${well.reasons}` })); }
}

// Channels: a picture's 256 steps are intensities of its well; black and white are intensities of the whole plate.
const filters = new Map();
function filterFor(channel, light, name) {
  const id = `filter-${name.replace(/[^\w-]/g, (one) => `_${one.codePointAt(0)}`)}`;
  if (!filters.has(id)) {
    const filter = vector("filter", { id, "color-interpolation-filters": "sRGB", x: 0, y: 0, width: 1, height: 1 });
    filter.append(vector("feColorMatrix", { type: "matrix" }), vector("feColorMatrix", { type: "matrix" }));
    byId("filters").append(filter);
    filters.set(id, { filter });
  }
  Object.assign(filters.get(id), { channel, light });
  setFilter(filters.get(id));
  return id;
}
function setFilter({ filter, channel, light }) {
  const { black, white, color } = state.channels.get(channel), range = Math.max(white - black, 1e-9);
  const slope = (light.most - light.least) / range, offset = (light.least - black) / range;
  const grey = `${slope} 0 0 0 ${offset} `;
  filter.children[0].setAttribute("values", `${grey.repeat(3)}0 0 0 1 0`);
  const [r, g, b] = [1, 3, 5].map((from) => parseInt(color.slice(from, from + 2), 16) / 255);
  filter.children[1].setAttribute("values", `${r} 0 0 0 0 0 ${g} 0 0 0 0 0 ${b} 0 0 0 0 0 1 0`);
}
function drawChannels() {
  const rows = [...state.channels.values()].map((one) => {
    const box = element("input", { type: "checkbox", checked: one.on });
    box.onchange = () => { one.on = box.checked; drawImages(); if (state.view === "pictures") { drawPlate(); } };
    const color = element("input", { type: "color", value: one.color, title: `Colour of ${one.name}` });
    const changed = () => { for (const filter of filters.values()) { if (filter.channel === one.name) { setFilter(filter); } } };
    color.oninput = () => { one.color = color.value; changed(); };
    const bounds = ["black", "white"].map((end) => {
      const number = element("span", { className: "quiet", textContent: shown(one[end]) });
      const slider = element("input", { type: "range", min: one.least, max: one.most, step: "any", value: one[end], title: `${end} of ${one.name}, intensity` });
      slider.setAttribute("aria-label", slider.title);
      slider.oninput = () => { one[end] = Number(slider.value); number.textContent = shown(one[end]); changed(); };
      return element("label", { className: "quiet" }, end, slider, number);
    });
    return element("div", { className: "channel" }, element("label", {}, box, color, one.name), ...bounds);
  });
  byId("channels").replaceChildren(...rows);
}

// Well and site
function theWell() { return wells.get(wellKey(state.plate, state.well)); }
function theSite() { const well = theWell(); return well ? well.sites[state.site] : undefined; }
async function openWell(name, { site, cell } = {}) {
  const plate = state.plate;
  say(`Opening ${name} …`);
  await load(["wells", plate, `${name}.js`]);
  if (plate !== state.plate) { return; }
  state.well = name;
  state.cell = 0;
  const well = theWell();
  state.site = Math.max(0, well.sites.findIndex((one) => one.name === site));
  state.cell = cell || 0;
  for (const button of byId("plate").querySelectorAll(".well")) {
    const isOpen = button.dataset.well === name;
    button.classList.toggle("open", isOpen);
    button.tabIndex = isOpen ? 0 : -1;
  }
  byId("sites").replaceChildren(...well.sites.map((one, n) => element("option", { value: n, textContent: one.name + (one.left_out ? " (left out)" : "") })));
  byId("site-label").hidden = well.sites.length < 2;
  fillAxes();
  whole();
  drawSite();
  drawScatter();
  tellWell(name);
  await load(["images", plate, `${name}.js`]);
  forgetImages(wellKey(plate, name));
  if (name === state.well) { drawImages(); }
  say(`${plate} · ${name}`);
}
function forgetImages(newest) {
  const own = images.get(newest);
  images.delete(newest);
  images.set(newest, own);
  while (images.size > MOST_IMAGES) {
    const [key, oldest] = images.entries().next().value;
    images.delete(key);
    loading.delete(urlOf(["images", oldest.plate, `${oldest.well}.js`]));
  }
}
function drawSite() {
  const well = theWell(), site = theSite(), world = byId("world"), plate = thePlate();
  const own = plate.wells.find((one) => one.well === state.well);
  byId("image-title").textContent = site ? `${state.plate} / ${state.well}` : `${state.well} has no image`;
  byId("doubts").hidden = !own.doubtful && !(site && site.left_out);
  byId("doubts").textContent = [own.doubtful ? `Look at this well first: ${own.reasons}.` : "", site && site.left_out ? "This site was left out: an image of it is flagged." : ""].join(" ");
  world.replaceChildren();
  byId("sites").value = state.site;
  if (!site) { drawSpots(); drawCell(); return; }
  const stage = byId("stage");
  stage.style.aspectRatio = `${site.width} / ${site.height}`;
  world.style.width = "100%";
  world.style.aspectRatio = `${site.width} / ${site.height}`;
  const svg = vector("svg", { viewBox: `0 0 ${site.width} ${site.height}`, preserveAspectRatio: "none" });
  for (const [id, nucleus, cell] of site.objects) {
    if (cell) { svg.append(vector("path", { d: cell, "data-id": id })); }
    if (nucleus) { svg.append(vector("path", { d: nucleus, class: cell ? "nucleus" : "nucleus alone", "data-id": id })); }
  }
  svg.classList.toggle("hide-outlines", !state.outlines);
  world.append(svg);
  drawImages();
  markCells();
  place();
  drawCell();
  writeHash(well);
}
function drawImages() {
  const world = byId("world"), found = images.get(wellKey(state.plate, state.well)), site = theSite();
  for (const old of world.querySelectorAll("img")) { old.remove(); }
  if (!found || !site) { return; }
  let number = 0;
  for (const [channel, one] of state.channels) {
    const data = (found.sites[site.name] || {})[channel];
    if (one.on && data) {
      const picture = element("img", { alt: channel, src: `data:image/jpeg;base64,${data}`, draggable: false });
      picture.style.filter = `url(#${filterFor(channel, theWell().lights[channel], `site-${number}`)})`;
      world.insertBefore(picture, world.querySelector("svg"));
    }
    number += 1;
  }
}
function place() {
  // A line that the zoom would make thicker is drawn thinner.
  byId("world").style.setProperty("--zoom", state.zoom);
  byId("world").style.transform = `translate(${state.left}px, ${state.top}px) scale(${state.zoom})`;
  drawSpots();
  drawBar();
}
function whole() { Object.assign(state, { zoom: 1, left: 0, top: 0 }); place(); }
function zoomAt(factor, x, y) {
  const stage = byId("stage").getBoundingClientRect(), zoom = Math.min(Math.max(state.zoom * factor, 1), 40), by = zoom / state.zoom;
  state.left = Math.min(0, Math.max(stage.width * (1 - zoom), x - (x - state.left) * by));
  state.top = Math.min(0, Math.max(stage.height * (1 - zoom), y - (y - state.top) * by));
  state.zoom = zoom;
  place();
}
function drawSpots() {
  const canvas = byId("spot-canvas"), box = byId("stage").getBoundingClientRect(), ratio = window.devicePixelRatio || 1, site = theSite();
  canvas.width = box.width * ratio;
  canvas.height = box.height * ratio;
  if (!site || !state.spots) { return; }
  const pen = canvas.getContext("2d"), unit = (box.width * state.zoom) / site.width;
  pen.scale(ratio, ratio);
  pen.lineWidth = 1.1;
  const radius = Math.min(Math.max(2.5 * unit, 1.6), 7);
  Object.entries(site.spots).forEach(([channel, places], n) => {
    pen.strokeStyle = ["#fff", "#7dff7a", "#ffb3f0", "#ffd84d"][n % 4];
    pen.beginPath();
    for (let i = 0; i < places.length; i += 2) {
      const x = places[i] * unit + state.left, y = places[i + 1] * unit + state.top;
      if (x > -9 && y > -9 && x < box.width + 9 && y < box.height + 9) { pen.moveTo(x + radius, y); pen.arc(x, y, radius, 0, 7); }
    }
    pen.stroke();
  });
}
function drawBar() {
  const site = theSite(), bar = byId("bar");
  bar.hidden = !site || !site.pixel_um;
  if (bar.hidden) { return; }
  const perUm = (byId("stage").clientWidth * state.zoom) / (site.width * site.pixel_um), wanted = 110 / perUm;
  const ten = 10 ** Math.floor(Math.log10(wanted)), length = [5, 2, 1].map((one) => one * ten).find((one) => one <= wanted);
  const line = element("i");
  line.style.width = `${length * perUm}px`;
  bar.replaceChildren(line, `${Number(length.toPrecision(2))} µm`);
}

// Cell
function rowOf(well, id) { return well ? well.rows.object_id.indexOf(id) : -1; }
function drawCell() {
  const [plate, name, id] = state.hover ? splitKey(state.hover) : [state.plate, state.well, state.cell], well = wells.get(wellKey(plate, name));
  const row = rowOf(well, id), table = byId("cell");
  byId("cell-title").textContent = row < 0 ? "Point at a cell" : `Cell ${cellKey(plate, name, id)}`;
  table.replaceChildren(...(row < 0 ? [] : Object.keys(well.rows).map((column) => element("tr", {}, element("th", { scope: "row", textContent: column }), element("td", { textContent: shown(well.rows[column][row]) })))));
}
function splitKey(key) { const found = key.split("\n"); return [found[0], found[1], Number(found[2])]; }
function hoverCell(plate, well, id) {
  const key = id ? [plate, well, id].join("\n") : "";
  if (key === state.hover) { return; }
  state.hover = key;
  markCells();
  drawCell();
  drawScatter();
}
function chooseCell(id) {
  state.cell = id === state.cell ? 0 : id;
  markCells();
  drawCell();
  drawScatter();
  writeHash(theWell());
}
function markCells() {
  const well = theWell(), [plate, name, id] = state.hover ? splitKey(state.hover) : ["", "", 0];
  const isHere = plate === state.plate && name === state.well;
  for (const path of byId("world").querySelectorAll("path")) {
    const own = Number(path.dataset.id), row = rowOf(well, own);
    path.classList.toggle("hover", isHere && own === id);
    path.classList.toggle("chosen", own > 0 && own === state.cell);
    path.classList.toggle("gated", row >= 0 && gateOf(well, row) >= 0);
  }
}
function writeHash(well) {
  const site = theSite(), parts = [state.plate, state.well, site ? site.name : "", state.cell || ""];
  history.replaceState(null, "", `#${parts.map(encodeURIComponent).join("/")}`);
}
function goTo(site) {
  const well = theWell();
  if (!well || !well.sites.length) { return; }
  state.site = (site + well.sites.length) % well.sites.length;
  drawSite();
}

// Scatter plot and gates
function fillAxes() {
  const names = Object.keys(theWell().rows).filter((name) => !NO_NUMBER.has(name));
  for (const [axis, fallback] of [["x", names.find((one) => /^Cells_.*_Area_/.test(one)) || names.find((one) => /_Area_/.test(one)) || names[0]], ["y", names.find((one) => /n_spots/.test(one)) || names.find((one) => /Intensity/.test(one)) || names[0]]]) {
    if (!names.includes(state[axis])) { state[axis] = fallback; }
    byId(axis).replaceChildren(...names.map((name) => element("option", { value: name, textContent: name })));
    byId(axis).value = state[axis];
  }
}
function scatterWells() {
  if (state.scope === "well") { return theWell() ? [theWell()] : []; }
  return [...wells.values()].filter((one) => state.scope === "loaded" || one.plate === state.plate);
}
function points() {
  const found = [];
  for (const well of scatterWells()) {
    const xs = well.rows[state.x] || [], ys = well.rows[state.y] || [];
    well.rows.object_id.forEach((id, row) => { if (isNumber(Number(xs[row])) && xs[row] !== null && ys[row] !== null && isNumber(Number(ys[row]))) { found.push({ well, row, id, x: Number(xs[row]), y: Number(ys[row]) }); } });
  }
  return found;
}
function frame(found, canvas) {
  const box = canvas.getBoundingClientRect(), edge = { left: 52, right: 10, top: 10, bottom: 30 };
  const range = (name) => {
    const values = found.map((one) => one[name]), low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity), pad = (high - low || 1) * 0.04;
    return [low - pad, high + pad];
  };
  const [left, right] = range("x"), [bottom, top] = range("y"), width = box.width - edge.left - edge.right, height = box.height - edge.top - edge.bottom;
  return {
    box, edge, left, right, bottom, top,
    px: (x) => edge.left + ((x - left) / (right - left)) * width, py: (y) => edge.top + (1 - (y - bottom) / (top - bottom)) * height,
    x: (px) => left + ((px - edge.left) / width) * (right - left), y: (py) => bottom + (1 - (py - edge.top) / height) * (top - bottom),
  };
}
let drawn = { found: [], frame: null };
function drawScatter() {
  const canvas = byId("scatter"), found = points(), view = frame(found, canvas), ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
  canvas.width = view.box.width * ratio;
  canvas.height = view.box.height * ratio;
  drawn = { found, frame: view };
  const n = scatterWells().reduce((sum, one) => sum + one.rows.object_id.length, 0);
  byId("about-scatter").textContent = n ? `${found.length.toLocaleString("en")} of ${n.toLocaleString("en")} cells have both numbers. Drag a rectangle to make a gate.` : "Open a well to see its cells. Drag a rectangle to make a gate.";
  if (!found.length) { return; }
  const pen = canvas.getContext("2d"), ink = style.getPropertyValue("--ink"), quiet = style.getPropertyValue("--quiet");
  pen.scale(ratio, ratio);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = quiet;
  pen.strokeStyle = style.getPropertyValue("--line");
  pen.strokeRect(view.edge.left, view.edge.top, view.box.width - view.edge.left - view.edge.right, view.box.height - view.edge.top - view.edge.bottom);
  for (const share of [0, 0.5, 1]) {
    const x = view.left + share * (view.right - view.left), y = view.bottom + share * (view.top - view.bottom);
    pen.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
    pen.fillText(shown(Number(x.toPrecision(3))), view.px(x), view.box.height - 16);
    pen.textAlign = "right";
    pen.fillText(shown(Number(y.toPrecision(3))), view.edge.left - 4, view.py(y) + 4);
  }
  pen.textAlign = "center";
  pen.fillText(state.x, view.box.width / 2, view.box.height - 3);
  const size = found.length > 5000 ? 1.5 : 3;
  for (const one of found) {
    const gate = gateOf(one.well, one.row);
    pen.fillStyle = gate >= 0 ? state.gates[gate].color : ink;
    pen.globalAlpha = gate >= 0 ? 0.9 : 0.45;
    pen.fillRect(view.px(one.x) - size / 2, view.py(one.y) - size / 2, size, size);
  }
  pen.globalAlpha = 1;
  for (const gate of state.gates.filter((one) => one.x === state.x && one.y === state.y)) {
    pen.strokeStyle = gate.color;
    pen.strokeRect(view.px(gate.left), view.py(gate.top), view.px(gate.right) - view.px(gate.left), view.py(gate.bottom) - view.py(gate.top));
  }
  const marked = found.find((one) => [one.well.plate, one.well.well, one.id].join("\n") === state.hover) || found.find((one) => one.well === theWell() && one.id === state.cell);
  if (marked) {
    pen.strokeStyle = style.getPropertyValue("--accent");
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.arc(view.px(marked.x), view.py(marked.y), 7, 0, 7);
    pen.stroke();
  }
}
function gateOf(well, row) {
  return state.gates.findIndex((gate) => {
    const x = (well.rows[gate.x] || [])[row], y = (well.rows[gate.y] || [])[row];
    return x !== null && y !== null && x !== undefined && y !== undefined && Number(x) >= gate.left && Number(x) <= gate.right && Number(y) >= gate.bottom && Number(y) <= gate.top;
  });
}
function gated() {
  const found = [];
  for (const well of scatterWells()) {
    well.rows.object_id.forEach((id, row) => {
      state.gates.forEach((gate) => { if (isIn(gate, well, row)) { found.push([gate.name, well.plate, well.well, well.rows.site[row], id]); } });
    });
  }
  return found;
}
function isIn(gate, well, row) {
  const x = (well.rows[gate.x] || [])[row], y = (well.rows[gate.y] || [])[row];
  return x !== null && y !== null && x !== undefined && y !== undefined && Number(x) >= gate.left && Number(x) <= gate.right && Number(y) >= gate.bottom && Number(y) <= gate.top;
}
function drawGates() {
  byId("gates").replaceChildren(...state.gates.map((gate, n) => {
    const mark = element("span", { textContent: "■" }), count = scatterWells().reduce((sum, well) => sum + well.rows.object_id.filter((_, row) => isIn(gate, well, row)).length, 0);
    mark.style.color = gate.color;
    const remove = element("button", { type: "button", textContent: "Remove" });
    remove.onclick = () => { state.gates.splice(n, 1); changedGates(); };
    return element("li", {}, mark, element("span", { textContent: `${gate.name}: ${count.toLocaleString("en")} cells` }), element("span", { className: "quiet", textContent: `${gate.x} ${shown(gate.left)} to ${shown(gate.right)}, ${gate.y} ${shown(gate.bottom)} to ${shown(gate.top)}` }), remove);
  }));
  byId("save").disabled = !state.gates.length;
}
function changedGates() { drawGates(); drawScatter(); markCells(); }
let nGates = 0;
function addGate(a, b) {
  const view = drawn.frame, xs = [view.x(a.x), view.x(b.x)], ys = [view.y(a.y), view.y(b.y)];
  nGates += 1;
  state.gates.push({ name: `gate ${nGates}`, color: GATE_COLORS[(nGates - 1) % GATE_COLORS.length], x: state.x, y: state.y, left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) });
  changedGates();
}
function csvField(value) {
  const text = String(value), inert = /^'*[=+\-@\t\r\n]/.test(text) && !/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
function gatesAsCsv() { return [["gate", "plate", "well", "site", "object_id"], ...gated()].map((row) => row.map(csvField).join(",")).join("\n") + "\n"; }
function saveGates() {
  const link = element("a", { href: URL.createObjectURL(new Blob([gatesAsCsv()], { type: "text/csv" })), download: "gated_cells.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
async function setScope(scope) {
  state.scope = scope;
  if (scope === "plate") {
    const names = thePlate().wells.map((one) => one.well), plate = state.plate;
    for (const [n, name] of names.entries()) {
      if (plate !== state.plate || state.scope !== "plate") { return; }
      if (!wells.has(wellKey(plate, name))) { say(`Reading the cells of ${name}, ${n + 1} of ${names.length} …`); await load(["wells", plate, `${name}.js`]); }
    }
    say(`${plate}: cells of ${names.length} wells`);
  }
  drawScatter();
  drawGates();
}

// What the user does
function listenToPlate() {
  const grid = byId("plate");
  grid.addEventListener("click", (event) => { const well = event.target.closest(".well"); if (well) { openWell(well.dataset.well).catch(failed); } });
  for (const kind of ["pointerover", "focusin"]) { grid.addEventListener(kind, (event) => { const well = event.target.closest(".well"); if (well) { tellWell(well.dataset.well); } }); }
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key], from = event.target.closest(".well");
    if (!step || !from) { return; }
    event.preventDefault();
    const plate = thePlate(), at = plate.wells.find((one) => one.well === from.dataset.well), most = Math.max(plate.down.length, plate.across.length);
    for (let n = 1; n <= most; n += 1) {
      const to = plate.wells.find((one) => one.row === at.row + n * step[0] && one.column === at.column + n * step[1]);
      if (to) {
        const button = [...grid.querySelectorAll(".well")].find((one) => one.dataset.well === to.well);
        from.tabIndex = -1;
        button.tabIndex = 0;
        button.focus();
        return;
      }
    }
  });
}
function listenToStage() {
  const stage = byId("stage"), fingers = new Map();
  const at = (event) => { const box = stage.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };
  stage.addEventListener("wheel", (event) => { event.preventDefault(); const { x, y } = at(event); zoomAt(event.deltaY < 0 ? 1.2 : 1 / 1.2, x, y); }, { passive: false });
  stage.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, at(event)); state.drag = { ...at(event), moved: 0 }; });
  stage.addEventListener("pointermove", (event) => {
    const path = event.target.closest && event.target.closest("path");
    if (!fingers.has(event.pointerId)) { hoverCell(state.plate, state.well, path ? Number(path.dataset.id) : 0); return; }
    const before = fingers.get(event.pointerId), now = at(event), other = [...fingers].find(([id]) => id !== event.pointerId);
    if (other) {
      const apart = (one) => Math.hypot(one.x - other[1].x, one.y - other[1].y);
      zoomAt(apart(now) / Math.max(apart(before), 1), (now.x + other[1].x) / 2, (now.y + other[1].y) / 2);
    } else { state.left += now.x - before.x; state.top += now.y - before.y; zoomAt(1, 0, 0); }
    state.drag.moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    fingers.set(event.pointerId, now);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    stage.addEventListener(kind, (event) => {
      const path = event.target.closest && event.target.closest("path");
      if (kind === "pointerup" && state.drag && state.drag.moved < 5 && path && Number(path.dataset.id)) { chooseCell(Number(path.dataset.id)); }
      fingers.delete(event.pointerId);
    });
  }
  stage.addEventListener("pointerleave", () => { fingers.clear(); hoverCell("", "", 0); });
}
function listenToScatter() {
  const canvas = byId("scatter");
  let start = null;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };
  canvas.addEventListener("pointerdown", (event) => { if (drawn.found.length) { start = at(event); canvas.setPointerCapture(event.pointerId); } });
  canvas.addEventListener("pointermove", (event) => {
    const now = at(event);
    if (start) {
      drawScatter();
      const pen = canvas.getContext("2d");
      pen.setLineDash([4, 3]);
      pen.strokeRect(start.x, start.y, now.x - start.x, now.y - start.y);
      return;
    }
    const near = nearest(now);
    hoverCell(near ? near.well.plate : "", near ? near.well.well : "", near ? near.id : 0);
  });
  canvas.addEventListener("pointerup", (event) => {
    const now = at(event), from = start;
    start = null;
    if (!from) { return; }
    if (Math.abs(now.x - from.x) > 4 && Math.abs(now.y - from.y) > 4) { addGate(from, now); return; }
    const near = nearest(now);
    if (near && near.well === theWell()) { showCell(near); } else if (near && near.well.plate === state.plate) { openWell(near.well.well, { site: near.well.rows.site[near.row], cell: near.id }).catch(failed); }
  });
  canvas.addEventListener("pointerleave", () => hoverCell("", "", 0));
}
function showCell(near) {
  const site = theWell().sites.findIndex((one) => one.name === near.well.rows.site[near.row]);
  state.cell = near.id;
  if (site !== state.site) { goTo(site); } else { markCells(); drawCell(); writeHash(theWell()); }
  drawScatter();
}
function nearest(to) {
  let best = null, least = 64;
  for (const one of drawn.found) {
    const apart = (drawn.frame.px(one.x) - to.x) ** 2 + (drawn.frame.py(one.y) - to.y) ** 2;
    if (apart < least) { best = one; least = apart; }
  }
  return best;
}
function toggle(name) {
  state[name] = !state[name];
  byId(name).setAttribute("aria-pressed", state[name]);
  const svg = byId("world").querySelector("svg");
  if (svg) { svg.classList.toggle("hide-outlines", !state.outlines); }
  drawSpots();
}
function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) { return; }
    const stage = byId("stage"), middle = [stage.clientWidth / 2, stage.clientHeight / 2], key = event.key;
    const actions = { o: () => toggle("outlines"), s: () => toggle("spots"), ",": () => goTo(state.site - 1), ".": () => goTo(state.site + 1), "+": () => zoomAt(1.4, ...middle), "-": () => zoomAt(1 / 1.4, ...middle), 0: whole, Escape: () => { state.cell = 0; markCells(); drawCell(); drawScatter(); } };
    if (actions[key]) { actions[key](); } else if (/^[1-9]$/.test(key)) { const box = byId("channels").querySelectorAll("input[type=checkbox]")[Number(key) - 1]; if (box) { box.click(); } }
  });
}
function listen() {
  byId("plates").onchange = (event) => openPlate(event.target.value).catch(failed);
  byId("numbers").onchange = (event) => { state.number = event.target.value; drawPlate(); };
  byId("as-numbers").onclick = () => setView("numbers");
  byId("as-pictures").onclick = () => setView("pictures");
  byId("sites").onchange = (event) => goTo(Number(event.target.value));
  byId("outlines").onclick = () => toggle("outlines");
  byId("spots").onclick = () => toggle("spots");
  byId("fit").onclick = whole;
  byId("x").onchange = (event) => { state.x = event.target.value; drawScatter(); };
  byId("y").onchange = (event) => { state.y = event.target.value; drawScatter(); };
  byId("scope").onchange = (event) => setScope(event.target.value).catch(failed);
  byId("save").onclick = saveGates;
  byId("theme").onclick = () => {
    const root = document.documentElement, isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    drawScatter();
  };
  window.addEventListener("resize", () => { place(); drawScatter(); });
  listenToPlate();
  listenToStage();
  listenToScatter();
  listenToKeys();
}
async function start() {
  byId("plates").replaceChildren(...STUDY.plates.map((name) => element("option", { value: name, textContent: name })));
  listen();
  const [plate, well, site, cell] = location.hash.slice(1).split("/").map(decodeURIComponent);
  await openPlate(STUDY.plates.includes(plate) ? plate : STUDY.plates[0]);
  if (well && thePlate().wells.some((one) => one.well === well)) { await openWell(well, { site, cell: Number(cell) || 0 }); }
  document.documentElement.dataset.ready = "yes";
}
start().catch(failed);
