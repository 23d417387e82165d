/* Brings the explorers of a page to life. What they show, and every word of it, is in data-explorer (explorer.py):
   means[way][level] and pairs[base][way][level] hold [mean, low, high, text, verdict]. */
(() => {
  "use strict";
  const CIRCLE = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z";
  // The markers of transfer_learning/figures.py, in the same order: o s ^ D v P X
  const MARKERS = [
    CIRCLE, "M-4.6-4.6h9.2v9.2h-9.2z", "M0-6L5.8 4.6h-11.6z", "M0-6.2L6.2 0L0 6.2L-6.2 0z", "M0 6L5.8-4.6h-11.6z",
    "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z", "M0-3L3-6L6-3L3 0L6 3L3 6L0 3L-3 6L-6 3L-3 0L-6-3L-3-6z",
  ];
  const EDGE = { left: 46, right: 14, top: 30, bottom: 46, inside: 22 };
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function make(name, attributes, parent, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent?.append(element);
    return element;
  }

  function swatch(look) {
    const svg = make("svg", { class: "explorer-swatch", "data-look": look, viewBox: "-18 -8 36 16", "aria-hidden": "true" });
    make("path", { class: "explorer-line", d: "M-18 0H18" }, svg);
    make("path", { class: "explorer-marker", d: MARKERS[look] }, svg);
    return svg;
  }

  function span(kind, text) {
    const element = document.createElement("span");
    element.className = `explorer-${kind}`;
    element.textContent = text;
    return element;
  }

  /* A handful of round numbers from low to high. */
  function ticks(low, high) {
    const rough = (high - low) / 6;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((times) => times * power >= rough);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high; n += 1) found.push(n * step);
    return found;
  }

  function bring(root) {
    const data = JSON.parse(root.dataset.explorer);
    const { words, names, looks, levels } = data;
    const [chart, readout, numbers] = ["chart", "readout", "numbers"].map((part) => root.querySelector(`.explorer-${part}`));
    const buttons = [...root.querySelectorAll(".explorer-way")];
    const hint = readout.textContent;
    const hidden = new Set();
    let base = -1; // the way compared with, or none
    let current = null; // the way and level that the readout tells of
    let scene, rows, frame;

    const svg = make("svg", { role: "group", "aria-label": root.getAttribute("aria-label") }, chart);
    const axes = make("g", { "aria-hidden": "true" }, svg);
    const guide = make("path", { class: "explorer-guide" }, svg);
    const series = names.map((name, way) => {
      const group = make("g", { class: "explorer-series", "data-look": looks[way] }, svg);
      const band = make("path", { class: "explorer-band" }, group);
      const line = make("path", { class: "explorer-line" }, group);
      const points = levels.map((level, at) => {
        const point = make("g", { class: "explorer-point", role: "img" }, group);
        make("path", { class: "explorer-whisker" }, point);
        make("path", { class: "explorer-marker", d: MARKERS[looks[way]] }, point);
        point.addEventListener("focus", () => show(way, at));
        point.addEventListener("keydown", (event) => move(event, way, at));
        return point;
      });
      return { group, band, line, points };
    });

    const value = (way, at) => (base < 0 ? data.means[way] : data.pairs[base][way])?.[at] ?? null;
    const there = (way, at) => !hidden.has(way) && value(way, at) !== null;
    const all = () => names.flatMap((_, way) => levels.map((_, at) => [way, at])).filter(([way, at]) => there(way, at));

    function told(way, at) {
      const [, , , text, verdict] = value(way, at);
      const who = base < 0 ? names[way] : `${names[way]} − ${names[base]}`;
      const what = base < 0 ? text : `${text} ${words.points}`;
      return [who, `${words.axis}: ${levels[at]}`, what, ...(verdict ? [words[verdict]] : [])];
    }

    /* What is to be drawn, as shares of the chart's height: lines can then glide between any two scenes. */
    function compose() {
      const ends = all().flatMap(([way, at]) => value(way, at).slice(1, 3));
      if (base >= 0) ends.push(0);
      let low = Math.min(...ends), high = Math.max(...ends);
      if (!ends.length) [low, high] = [scene.low, scene.high];
      else {
        const room = (high - low || 0.1) * 0.06;
        [low, high] = [low - room, high + room];
      }
      const share = (number) => (number - low) / (high - low);
      return {
        low, high, share,
        rows: names.map((_, way) => levels.map((_, at) => (
          way === base ? [share(0), share(0), share(0)] : value(way, at)?.slice(0, 3).map(share) ?? null
        ))),
      };
    }

    function sizes() {
      const { clientWidth: width, clientHeight: height } = chart;
      const wide = width - EDGE.left - EDGE.right - 2 * EDGE.inside;
      const tall = height - EDGE.top - EDGE.bottom;
      const x = (at) => EDGE.left + EDGE.inside + data.at[at] * wide;
      const gaps = data.at.slice(1).map((at, n) => (at - data.at[n]) * wide);
      const apart = Math.min(9, Math.min(...gaps) / (names.length + 1)); // so that whiskers do not hide each other
      return {
        width, height, x,
        y: (share) => EDGE.top + (1 - share) * tall,
        spot: (way, at) => x(at) + (way === base ? 0 : (way - (names.length - 1) / 2) * apart),
      };
    }

    function drawAxes() {
      const { width, height, x, y } = sizes();
      const floor = height - EDGE.bottom, end = width - EDGE.right;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      axes.replaceChildren();
      make("text", { class: "explorer-axis", x: 2, y: 14 }, axes, base < 0 ? words.mean : words.difference);
      const marks = ticks(scene.low, scene.high);
      const digits = marks.length > 1 && marks[1] - marks[0] < 0.0099 ? 1 : 0;
      for (const mark of marks) {
        const height = y(scene.share(mark));
        const zero = base >= 0 && Math.abs(mark) < 1e-9;
        const points = (100 * mark).toFixed(digits).replace("-", "−");
        const text = base >= 0 ? (mark > 0 && !zero ? `+${points}` : points.replace(/^−(?=0(\.0)?$)/, "")) : data.percent ? `${points}%` : `${+mark.toPrecision(4)}`;
        make("path", { class: "explorer-grid", d: `M${EDGE.left} ${height}H${end}` }, zero ? null : axes); // the way compared with is there
        make("text", { x: EDGE.left - 7, y: height, dy: "0.35em", "text-anchor": "end" }, axes, text);
      }
      // A level that is no number lies beyond the scale: the axis is dotted there.
      const last = data.open ? x(levels.length - 2) + 10 : end;
      make("path", { class: "explorer-floor", d: `M${EDGE.left} ${floor}H${last}` }, axes);
      if (data.open) make("path", { class: "explorer-floor explorer-beyond", d: `M${last} ${floor}H${end}` }, axes);
      let free = Infinity;
      for (let at = levels.length - 1; at >= 0; at -= 1) {
        const text = make("text", { x: x(at), y: floor + 18, "text-anchor": "middle" }, axes, levels[at]);
        const half = text.getComputedTextLength() / 2;
        make("path", { class: "explorer-floor", d: `M${x(at)} ${floor}v4` }, axes);
        if (x(at) + half + 4 > free) text.remove();
        else free = x(at) - half;
      }
      make("text", { class: "explorer-axis", x: (EDGE.left + end) / 2, y: height - 8, "text-anchor": "middle" }, axes, words.axis);
    }

    function drawRows() {
      const { y, spot, height } = sizes();
      series.forEach(({ group, band, line, points }, way) => {
        group.style.display = hidden.has(way) && way !== base ? "none" : "";
        group.classList.toggle("is-base", way === base);
        const drawn = levels.map((_, at) => at).filter((at) => rows[way][at]);
        const along = (end, order = drawn) => order.map((at) => `${spot(way, at)} ${y(rows[way][at][end])}`).join("L");
        line.setAttribute("d", drawn.length ? `M${way === base ? `${EDGE.left} ${y(rows[way][drawn[0]][0])}H` + (chart.clientWidth - EDGE.right) : along(0)}` : "");
        band.setAttribute("d", drawn.length ? `M${along(1)}L${along(2, [...drawn].reverse())}z` : "");
        points.forEach((point, at) => {
          point.style.display = value(way, at) ? "" : "none";
          if (!value(way, at)) return;
          const [mean, low, high] = rows[way][at].map(y);
          point.setAttribute("transform", `translate(${spot(way, at)} ${mean})`);
          point.firstChild.setAttribute("d", `M0 ${low - mean}V${high - mean}M-3.5 ${low - mean}h7M-3.5 ${high - mean}h7`);
        });
      });
      if (current) guide.setAttribute("d", `M${spot(...current)} ${EDGE.top}V${height - EDGE.bottom}`);
    }

    function render(glide) {
      if (!chart.clientWidth) return; // folded away; drawn when it opens
      const before = rows;
      scene = compose();
      drawAxes();
      cancelAnimationFrame(frame);
      const start = performance.now();
      const draw = (now) => {
        const part = glide && before && !still.matches ? Math.min(1, Math.max(0, now - start) / 320) : 1;
        const eased = 1 - (1 - part) ** 3;
        rows = scene.rows.map((row, way) => row.map((ends, at) => {
          const old = before?.[way][at];
          return ends && old ? ends.map((end, n) => old[n] + (end - old[n]) * eased) : ends;
        }));
        drawRows();
        if (part < 1) frame = requestAnimationFrame(draw);
      };
      draw(start);
    }

    /* After a change of what is shown: names of the marks, the one that Tab reaches, the readout. */
    function settle() {
      const found = all();
      const kept = current && there(...current);
      const [first] = kept ? [current] : found;
      series.forEach(({ points }, way) => points.forEach((point, at) => {
        point.setAttribute("tabindex", first && way === first[0] && at === first[1] ? 0 : -1);
        if (!value(way, at)) return;
        point.setAttribute("aria-label", told(way, at).join(", "));
        point.dataset.verdict = value(way, at)[4] ?? "";
      }));
      if (kept) show(...current);
      else clear();
      buttons.forEach((button, way) => { button.disabled = way === base; });
    }

    function show(way, at) {
      current = [way, at];
      series.forEach(({ group, points }, one) => {
        group.classList.toggle("is-current", one === way);
        points.forEach((point, level) => {
          point.classList.toggle("is-current", one === way && level === at);
          point.setAttribute("tabindex", one === way && level === at ? 0 : -1);
        });
      });
      const [who, where, what, verdict] = told(way, at);
      readout.replaceChildren(swatch(looks[way]), span("who", who), span("where", where), span("what", what));
      if (verdict) {
        readout.append(span("verdict", verdict));
        readout.lastChild.dataset.verdict = value(way, at)[4];
      }
      svg.classList.add("is-active");
      if (rows) drawRows();
    }

    function clear() {
      current = null;
      svg.classList.remove("is-active");
      svg.querySelectorAll(".is-current").forEach((one) => one.classList.remove("is-current"));
      readout.textContent = hint;
    }

    function move(event, way, at) {
      const line = all().filter(([one]) => one === way);
      const column = all().filter(([, level]) => level === at).sort((a, b) => value(...a)[0] - value(...b)[0]);
      const place = (list) => list.findIndex(([one, level]) => one === way && level === at);
      const next = {
        ArrowRight: line[place(line) + 1], ArrowLeft: line[place(line) - 1], Home: line[0], End: line.at(-1),
        ArrowUp: column[place(column) + 1], ArrowDown: column[place(column) - 1],
      };
      if (!(event.key in next)) return;
      event.preventDefault();
      if (next[event.key]) series[next[event.key][0]].points[next[event.key][1]].focus();
    }

    function nearest(event) {
      const box = svg.getBoundingClientRect();
      const { y, spot } = sizes();
      const far = ([way, at]) => Math.hypot(2 * (spot(way, at) - event.clientX + box.left), y(rows[way][at][0]) - event.clientY + box.top);
      const found = all();
      if (found.length) show(...found.reduce((best, one) => (far(one) < far(best) ? one : best)));
    }

    buttons.forEach((button, way) => {
      button.prepend(swatch(looks[way]));
      button.addEventListener("click", () => {
        if (!hidden.delete(way)) hidden.add(way);
        button.setAttribute("aria-pressed", String(!hidden.has(way)));
        settle();
        render(true);
      });
    });
    root.querySelector("select")?.addEventListener("change", (event) => {
      base = Number(event.target.value);
      settle();
      render(true);
    });
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && !svg.contains(document.activeElement)) clear(); // a tap's numbers stay
    });
    chart.addEventListener("focusout", (event) => { // not on the svg, which would then be a stop of Tab itself
      if (!svg.contains(event.relatedTarget)) clear();
    });
    settle();
    numbers.open = false;
    root.classList.add("is-drawn");
    new ResizeObserver(() => render(false)).observe(chart);
  }

  const folds = () => document.querySelectorAll(".explorer-numbers:not([open])");
  const unfold = () => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest(".explorer-numbers")?.setAttribute("open", "");
  document.querySelectorAll(".explorer").forEach(bring);
  unfold();
  addEventListener("hashchange", unfold); // a link to the table opens it
  addEventListener("beforeprint", () => folds().forEach((fold) => { fold.open = fold.dataset.printed = true; }));
  addEventListener("afterprint", () => document.querySelectorAll("[data-printed]").forEach((fold) => {
    fold.open = false;
    delete fold.dataset.printed;
  }));
})();
