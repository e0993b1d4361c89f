// Reading the Prometheus text format, strictly: a line that is none of the format's is an error.

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([+-]Inf|NaN|[-+0-9.eE]+)(?: -?\d+)?$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/y;

function parseLabels(text) {
  const labels = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const at = label.lastIndex;
    const match = label.exec(text);
    if (!match) throw new Error(`bad labels at ${at}: ${text}`);
    labels[match[1]] = match[2].replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

/// All samples: {samples: [{name, labels, value}], types: Map name → type, sum(name, labels)}. Names without `sluice_` in
/// `sum` and `has` are completed by it.
export function parseMetrics(text) {
  const samples = [];
  const types = new Map();
  for (const row of text.split('\n')) {
    if (row === '' || row.startsWith('# HELP ')) continue;
    if (row.startsWith('# TYPE ')) {
      const [, , name, type] = row.split(' ');
      if (types.has(name)) throw new Error(`two TYPE lines for ${name}`);
      types.set(name, type);
      continue;
    }
    const match = line.exec(row);
    if (!match) throw new Error(`not a line of the text format: ${row}`);
    const value = { '+Inf': Infinity, '-Inf': -Infinity, NaN }[match[3]] ?? Number(match[3]);
    samples.push({ name: match[1], labels: parseLabels(match[2] ?? ''), value });
  }
  const full = (name) => (name.startsWith('sluice_') ? name : `sluice_${name}`);
  const find = (name, labels = {}) => samples.filter((s) => s.name === full(name) &&
    Object.entries(labels).every(([key, value]) => s.labels[key] === String(value)));
  return {
    text,
    samples,
    types,
    find,
    has: (name) => types.has(full(name)) || find(name).length > 0,
    /// The sum over the samples of `name` whose labels include `labels`; 0 where there are none.
    sum: (name, labels) => find(name, labels).reduce((sum, s) => sum + s.value, 0),
  };
}
