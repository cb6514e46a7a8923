// What the step `tap` of the route of all operators looks with.

export default () => (): void => undefined;
