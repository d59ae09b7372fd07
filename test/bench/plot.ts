/** Rates and the slowest hundredth of several reads, by a size that grows. */
export interface Panel {
  readonly title: string;
  readonly points: readonly {
    readonly series: string;
    readonly x: number;
    readonly rate: number;
    readonly p99: number;
  }[];
}

const colours = ["#1f77b4", "#d95f02", "#1b9e77"];
const width = 360;
const height = 200;
const gap = 70;
const top = 50;

const text = (x: number, y: number, words: string, anchor = "middle") =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;

/** Rates above, p99 below; every chart begins at 0, and its sizes stand at equal distances. */
export function plot(panels: readonly Panel[]): string {
  const series = [...new Set(panels.flatMap(({ points }) => points.map((point) => point.series)))];
  const colour = (name: string) => colours[series.indexOf(name) % colours.length] ?? "black";
  const charts = panels.flatMap(({ title, points }, column) =>
    (["rate", "p99"] as const).map((field, row) => {
      const left = gap + column * (width + gap);
      const upper = top + row * (height + gap);
      const highest = Math.max(...panels.flatMap((panel) => panel.points.map((point) => point[field]))) * 1.1;
      const sizes = [...new Set(points.map(({ x }) => x))];
      const xOf = (size: number) => left + (width * (sizes.indexOf(size) + 0.5)) / sizes.length;
      const yOf = (value: number) => upper + height * (1 - value / highest);
      const lines = series.map((name) => {
        const own = points.filter((point) => point.series === name);
        const line = own.map((point) => `${xOf(point.x)},${yOf(point[field]).toFixed(1)}`).join(" ");
        const dots = own.map(
          (point) => `<circle cx="${xOf(point.x)}" cy="${yOf(point[field]).toFixed(1)}" r="3" fill="${colour(name)}"/>`,
        );
        return `<polyline points="${line}" fill="none" stroke="${colour(name)}" stroke-width="2"/>${dots.join("")}`;
      });
      const marks = [0, 0.5, 1].map((share) => {
        const value = (highest / 1.1) * share;
        const label = field === "rate" ? String(Math.round(value)) : value.toFixed(1);
        return `<line x1="${left}" x2="${left + width}" y1="${yOf(value)}" y2="${yOf(value)}" stroke="#ddd"/>${text(left - 6, yOf(value) + 4, label, "end")}`;
      });
      const labels = sizes.map((size) => text(xOf(size), upper + height + 16, size.toLocaleString("en")));
      const heading = `${field === "rate" ? "calls/s" : "p99, ms"} by ${title}`;
      return [text(left + width / 2, upper - 8, heading), ...marks, ...lines, ...labels].join("\n");
    }),
  );
  const legend = series.map((name, index) => {
    const x = gap + index * 160;
    return `<rect x="${x}" y="10" width="12" height="12" fill="${colour(name)}"/><text x="${x + 18}" y="20">${name}</text>`;
  });
  const size = `width="${gap + panels.length * (width + gap)}" height="${top + 2 * (height + gap)}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">\n` +
    `<rect width="100%" height="100%" fill="white"/>\n${[...legend, ...charts].join("\n")}\n</svg>\n`
  );
}
