// Only for who tries the examples in a checkout of araldo, where no package of that name is installed: loaded with
// `node --import`, it gives them the sources beside it. With araldo installed, leave it out.
import { shareOwnModules } from '../src/runtime/own-modules.ts';

shareOwnModules();
