// The types that each dashboard must satisfy: Grafana's own, its enumerations as the words that stand in JSON, and of each panel the options
// and fields of its plugin. tests/dashboards/types.rs has tsc hold the dashboards to them.
import type * as schema from '@grafana/schema';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** The same with enumerations as their words and numbers. */
type Plain<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends boolean | null | undefined ? T
  : T extends number ? (`${T}` extends `${infer N extends number}` ? N : never)
  : { [K in keyof T]: Plain<T[K]> };

/** Without what allows any further field. */
type Closed<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

/** The units that are used, of those that @grafana/data has. */
type Unit = 'none' | 's' | 'ms' | 'bytes' | 'percentunit' | 'cps';

interface Query {
  refId: string;
  datasource: { type: 'prometheus'; uid: string };
  editorMode: 'code' | 'builder';
  expr: string;
  legendFormat: string;
  format: 'table' | 'time_series' | 'heatmap';
  instant: boolean;
  range: boolean;
}

interface Link { title: string; url: string; targetBlank: boolean }

type Defaults<Custom> = Omit<Plain<schema.FieldConfig>, 'custom' | 'unit'> & { unit: Unit; custom?: Plain<Partial<Custom>> };

type Property<Custom> =
  | { id: 'unit'; value: Unit }
  | { id: 'mappings'; value: Plain<schema.ValueMapping[]> }
  | { id: 'color'; value: Plain<schema.FieldColor> }
  | { id: 'links'; value: Link[] }
  | { [K in keyof Custom & string]: { id: `custom.${K}`; value: Plain<Custom[K]> } }[keyof Custom & string];

interface Override<Custom> {
  matcher: { id: 'byName' | 'byRegexp' | 'byFrameRefID'; options: string };
  properties: Property<Custom>[];
}

type Transformation =
  | { id: 'merge'; options: {} }
  | { id: 'organize'; options: {
      excludeByName: Record<string, boolean>; indexByName: Record<string, number>; renameByName: Record<string, string> } }
  | { id: 'groupingToMatrix'; options: {
      rowField: string; columnField: string; valueField: string; emptyValue: 'true' | 'false' | 'null' | 'empty' } };

type PanelOf<Type, Options, Custom> =
  Omit<Plain<Closed<schema.Panel>>, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations'> & {
    type: Type;
    options: Plain<Options>;
    fieldConfig: { defaults: Defaults<Custom>; overrides: Override<Custom>[] };
    targets: Query[];
    transformations: Transformation[];
  };

type Panel =
  | PanelOf<'stat', stat.Options, {}>
  | PanelOf<'state-timeline', timeline.Options, timeline.FieldConfig>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Plain<Closed<schema.RowPanel>>;

type Annotation = Omit<Plain<Closed<schema.AnnotationQuery>>, 'target'> & {
  target: { refId: string; expr: string };
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
};

export type Dashboard = Omit<Plain<Closed<schema.Dashboard>>, 'panels' | 'templating' | 'annotations'> & {
  panels: Panel[];
  templating: { list: Plain<Closed<schema.VariableModel>>[] };
  annotations: { list: Annotation[] };
};
