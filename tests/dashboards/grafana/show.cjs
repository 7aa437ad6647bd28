// Shows the answers of Prometheus as Grafana would: makes frames of them, puts them through each panel's transformations and field
// configuration in @grafana/data, and tells which fields come out and what stands in them. Judges nothing but what a panel cannot show.
//
// Usage: node show.cjs FOLDER-OF-NODE_MODULES < panels.json > shown.json
'use strict';
const path = require('node:path');
const { createRequire } = require('node:module');
const from = createRequire(path.join(process.argv[2], 'package.json'));
const data = from('@grafana/data');
const { firstValueFrom } = from('rxjs');
// Only now: the package takes the machine for a browser where these are there when it is loaded.
global.window = { location: { href: '' } };
// Later versions of node have one that cannot be written.
if (typeof navigator === 'undefined') global.navigator = { languages: ['en-US'], language: 'en-US' };

const known = new Map(Object.values(data.standardTransformers).map((it) => [it.id, it]));
data.standardTransformersRegistry.setInit(() =>
  [...known.values()].map((it) => ({ id: it.id, name: it.name, transformation: async () => it }))
);

// What a field may be set to, as the panels' editors would allow it.
const property = (id, value = (it) => it) => ({
  id, path: id, name: id, process: value, shouldApply: () => true, override: () => null, editor: () => null, settings: {},
});
data.standardFieldConfigEditorRegistry.setInit(() => ['unit', 'mappings', 'color', 'thresholds', 'links'].map((id) => property(id)));
const fieldConfigRegistry = new data.FieldConfigOptionsRegistry();
for (const it of data.standardFieldConfigEditorRegistry.list()) fieldConfigRegistry.register(it);
fieldConfigRegistry.register({ ...property('custom.cellOptions'), path: 'cellOptions', isCustom: true });
const theme = data.createTheme();

/// One frame for each query, a column for each label, as Grafana's Prometheus gives tables.
function table(answers, several) {
  return Object.entries(answers).filter(([, series]) => series.length > 0).map(([refId, series]) => {
    const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
    const rows = series.flatMap((one) => one.values.map(([time, value]) => ({ time, value, metric: one.metric })));
    const field = (name, type, values) => ({ name, type, values, config: {} });
    return data.toDataFrame({ refId, fields: [
      field('Time', 'time', rows.map((row) => row.time * 1000)),
      ...labels.map((label) => field(label, 'string', rows.map((row) => row.metric[label] ?? ''))),
      field(several ? `Value #${refId}` : 'Value', 'number', rows.map((row) => number(row.value))),
    ] });
  });
}

/// One frame for each series.
function frames(answers, targets) {
  return Object.entries(answers).flatMap(([refId, series]) => series.map((one) => {
    const legend = targets.find((target) => target.refId === refId).legendFormat;
    const name = legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => one.metric[label] ?? '');
    return data.toDataFrame({ refId, fields: [
      { name: 'Time', type: 'time', config: {}, values: one.values.map(([time]) => time * 1000) },
      { name: 'Value', type: 'number', labels: one.metric, config: { displayNameFromDS: name },
        values: one.values.map(([, value]) => number(value)) },
    ] });
  }));
}

const number = (text) => ({ '+Inf': Infinity, '-Inf': -Infinity, NaN: NaN })[text] ?? Number(text);

/// What is wrong with a field that is to show these states.
function unshown(field, states) {
  return states.flatMap((state) => {
    const value = field.type === 'number' ? number(state.value) : state.value;
    const shown = field.display(value);
    const right = shown.text === state.text && shown.color?.toLowerCase() === state.colour.toLowerCase();
    return right ? [] : [`${state.value} is shown as ${shown.text}, ${shown.color}`];
  });
}

const unitsKnown = new Set(data.getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)));

function units(panel) {
  const overridden = panel.fieldConfig.overrides.flatMap((rule) => rule.properties).filter((it) => it.id === 'unit');
  return [panel.fieldConfig.defaults.unit, ...overridden.map((it) => it.value)];
}

/// Whether a column shows what a query answered that has no answer now: then Grafana has no such column either.
function unanswered(panel, answers, title) {
  const titles = panel.transformations.find((it) => it.id === 'organize')?.options.renameByName ?? {};
  const [, refId] = /^Value #(.)$/.exec(Object.keys(titles).find((field) => titles[field] === title) ?? '') ?? [];
  return refId !== undefined && answers[refId].length === 0;
}

async function show({ key, panel, answers, states }) {
  const faults = [];
  for (const it of panel.transformations) {
    if (!known.has(it.id)) faults.push(`@grafana/data has no transformation ${it.id}`);
  }
  const isTable = panel.targets[0].format === 'table';
  let shown = isTable ? table(answers, panel.targets.length > 1) : frames(answers, panel.targets);
  shown = await firstValueFrom(data.transformDataFrame(panel.transformations, shown));
  shown = data.applyFieldOverrides({
    data: shown, fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, fieldConfigRegistry, timeZone: 'utc',
  });
  if (isTable && shown.length > 1) faults.push(`${shown.length} tables, of which only one is seen`);
  const fields = shown.flatMap((frame) => frame.fields.map((field) => ({ field, frame })));
  const name = ({ field, frame }) => data.getFieldDisplayName(field, frame, shown);
  for (const rule of panel.fieldConfig.overrides.filter((rule) => rule.matcher.id === 'byName')) {
    const found = fields.filter((it) => name(it) === rule.matcher.options);
    if (found.length !== 1 && !unanswered(panel, answers, rule.matcher.options)) faults.push(`the override of ${rule.matcher.options} is for ${found.length} fields`);
  }
  for (const { of, all } of states) {
    const meant = fields.filter((it) => (of === '*' ? it.field.type !== 'time' : name(it) === of));
    if (meant.length === 0) faults.push(`no field shows ${of}`);
    for (const it of meant) faults.push(...unshown(it.field, all).map((what) => `${name(it)}: ${what}`));
  }
  // A line, a lane or a row that looks like another one.
  const looks = isTable && panel.type === 'table'
    ? Array.from({ length: shown[0]?.length ?? 0 }, (_, row) =>
        JSON.stringify(shown[0].fields.filter((field) => field.type === 'string').map((field) => field.values[row])))
    : fields.filter((it) => it.field.type !== 'time').map(name);
  const twice = looks.filter((look, nth) => looks.indexOf(look) !== nth);
  if (twice.length > 0) faults.push(`more than once: ${[...new Set(twice)].join(', ')}`);
  // Of lines those that are there in the end: whether a moment before was scraped is chance.
  const ends = (frame) => Math.max(...frame.fields.filter((field) => field.type === 'time').flatMap((field) => field.values));
  const end = Math.max(...shown.map(ends));
  const names = fields.filter((it) => isTable || ends(it.frame) === end).map((it) => `${name(it)}: ${it.field.type}`);
  for (const unit of units(panel)) {
    if (!unitsKnown.has(unit)) faults.push(`@grafana/data has no unit ${unit}`);
  }
  // What stands in the columns of a table, but for ages, which differ each time.
  const rows = panel.type !== 'table' || shown.length === 0 ? [] : Array.from({ length: shown[0].length }, (_, row) =>
    shown[0].fields.filter((field) => field.type === 'string' || field.config.unit === 'none')
      .map((field) => data.formattedValueToString(field.display(field.values[row]))).join(' | ')).sort();
  return { key, fields: isTable ? names : [...new Set(names)].sort(), rows, faults };
}

(async () => {
  const panels = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const all = [];
  for (const panel of panels) all.push(await show(panel));
  process.stdout.write(JSON.stringify(all));
})().catch((error) => { console.error(error); process.exit(1); });
