/** A plan with all that it names found and checked: what the runtime starts from. */
import type { Capabilities } from '../core/endpoint.ts';
import type { Place } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import type { OperatorDefinition } from '../core/operator.ts';
import type { AnyPlugin, EndpointPlugin, MarshallerPlugin } from '../core/plugin.ts';
import type { ServerTls } from '../options/server-tls.ts';
import type {
  BranchPlan,
  EndpointPlan,
  MarshallerPlan,
  Plan,
  RoutePlan,
  SpillPlan,
  StepPlan,
  TargetPlan,
} from './plan.ts';
import type { ExpectPlan, GivenPlan, MessagePlan, StagePlan, TestPlan } from './test-plan.ts';

export interface Configuration {
  readonly plan: Plan;
  /** That of the plan, with paths from the root. */
  readonly tls: ServerTls | undefined;
  readonly marshallers: ReadonlyMap<string, MarshallerPart>;
  readonly endpoints: ReadonlyMap<string, EndpointPart>;
  readonly routes: ReadonlyMap<string, RoutePart>;
  /** In the order of the file. */
  readonly tests: readonly TestPart[];
  /** What is allowed and probably not meant, with its place: cycles, lossy legs behind acking sources. */
  readonly warnings: readonly Warning[];
  /** Values of variables and secret files, and the passphrase of the private key, to be redacted wherever text could carry them. */
  readonly secrets: readonly string[];
}

export interface MarshallerPart {
  readonly plan: MarshallerPlan;
  readonly plugin: MarshallerPlugin;
  /** What the plugin's schema made of the options. */
  readonly options: unknown;
  /** What its options were made of besides what is written: equal as long as the files are that they name. */
  readonly used: readonly unknown[];
  readonly place: Place;
}

export interface EndpointPart {
  readonly plan: EndpointPlan;
  readonly plugin: EndpointPlugin;
  readonly options: unknown;
  readonly capabilities: Capabilities;
  readonly place: Place;
}

export interface RoutePart {
  readonly plan: RoutePlan;
  readonly steps: readonly StepPart[];
  readonly branches: readonly BranchPart[];
  /** Absent where each leg gets each message. */
  readonly targets: readonly TargetPart[] | undefined;
  readonly place: Place;
}

export interface TargetPart {
  readonly plan: TargetPlan;
  /** That of `hash`. */
  readonly key: ((message: Message) => unknown) | undefined;
}

export interface StepPart {
  readonly plan: StepPlan;
  readonly definition: OperatorDefinition;
  readonly options: unknown;
  /** As `MarshallerPart.used`. */
  readonly used: readonly unknown[];
  /** The steps within its options, of all branches. */
  readonly inner: readonly StepPart[];
  readonly place: Place;
}

export interface BranchPart {
  readonly plan: BranchPlan;
  readonly when: ((message: Message) => boolean) | undefined;
  readonly key: ((message: Message) => unknown) | undefined;
  /** That of the plan, with its path from the root. */
  readonly spill: SpillPlan | undefined;
  readonly place: Place;
}

export interface TestPart {
  readonly plan: TestPlan;
  readonly stages: readonly StagePart[];
  readonly place: Place;
}

export interface StagePart {
  readonly plan: StagePlan;
  readonly given: readonly GivenPart[];
  readonly expects: readonly ExpectPart[];
  readonly place: Place;
}

export interface GivenPart {
  readonly plan: GivenPlan;
  /** The condition of `refuse`. */
  readonly when?: (message: Message) => boolean;
  readonly place: Place;
}

export interface ExpectPart {
  readonly endpoint: string;
  readonly plan: ExpectPlan;
  /** Those of the plan, in its order. */
  readonly messages: readonly ExpectedMessage[];
  readonly place: Place;
}

export interface ExpectedMessage {
  readonly plan: MessagePlan;
  readonly when: ((message: Message) => boolean) | undefined;
  readonly place: Place;
}

export interface Warning {
  readonly text: string;
  readonly place: Place;
}

/** Where plugins and operators come from. The runtime has one; config only asks. */
export interface Registry {
  /** `directory` is that of the configuration file: relative paths and packages are found from there. */
  findPlugin(id: string, directory: string): Promise<AnyPlugin | undefined>;
  findOperator(use: string, directory: string): Promise<OperatorDefinition | undefined>;
  /** What a file of the user's own exports as its default; nothing when there is no such file. */
  loadFile(path: string, directory: string): Promise<unknown>;
  /** What exists, for suggestions. */
  pluginIds(directory: string): Promise<readonly string[]>;
  operatorNames(): readonly string[];
}
