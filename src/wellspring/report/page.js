// Makes a page better that can be read without it: tables sort and filter, links open what is folded, Escape closes.
(() => {
  "use strict";

  const value = (row, place) => row.cells[place].textContent.trim();

  const number = (text) => {
    const found = text.replace(/,/g, "").replace(/−/g, "-").match(/^<?\s*(-?\d+(\.\d+)?)(?![\w.])/);
    return found ? parseFloat(found[1]) : null;
  };

  const compare = (one, other) => {
    const first = number(one), second = number(other);
    if (first !== null && second !== null) return first - second;
    return (first === null) - (second === null) || one.localeCompare(other, undefined, { numeric: true });
  };

  const makeSortable = (table, rows) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const isDown = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        rows.sort((one, other) => {
          const first = value(one, place), second = value(other, place);
          // Missing values are last, whichever the order.
          return (first === "–") - (second === "–") || (isDown ? -1 : 1) * compare(first, second);
        });
        table.tBodies[0].append(...rows);
      });
    });
  };

  const makeFilterable = (table, rows) => {
    const field = document.createElement("input");
    field.type = "search";
    field.className = "filter";
    field.placeholder = "Show rows with …";
    field.setAttribute("aria-label", "Show rows with these words");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      });
    });
    table.parentElement.before(field);
  };

  document.querySelectorAll("table.data").forEach((table) => {
    const rows = [...table.tBodies[0].rows];
    // An empty name is the one above.
    if (rows.length > 2 && rows.every((row) => value(row, 0))) makeSortable(table, rows);
    if (rows.length > 9) makeFilterable(table, rows);
  });

  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (!target.classList.contains("large")) target.scrollIntoView();
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  addEventListener("keydown", (event) => {
    const large = document.querySelector(".large:target");
    if (large && event.key === "Escape") large.querySelector(".close").click();
  });
})();
