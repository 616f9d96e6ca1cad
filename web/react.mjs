// node react.mjs DIRECTORY SOURCES… writes Debian's production builds of React to the directory, without what the page
// made of these sources never comes to.
//
// Debian builds React's experimental channel and does not compress it: hydration of pages that a server rendered, trials
// and old ways in make up a sixth of it. Here functions lose their bodies, and exports that nobody imports go; what only
// those led to is dropped by the compressor. Where another version of React lacks a name, that is said, and nothing but
// the size changes.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [, , directory, ...sources] = process.argv;
const library = "/usr/share/nodejs";

/** Functions of React DOM that are left out, by the answer that stands in their place. */
const leftOut = {
  false: [
    // No page of ours comes rendered from the server, so that nothing is ever hydrated, and no event waits for that.
    "getIsHydrating",
    "hasUnhydratedTailNodes",
    "isRootDehydrated",
    "isSuspenseInstanceFallback",
    "isSuspenseInstancePending",
    "popHydrationState",
    "queueIfContinuousEvent",
    // Elements of the page's own kind, and frames.
    "isCustomComponent",
    "isSameOriginFrame",
    // The context that classes had before createContext.
    "hasContextChanged",
    "isContextProvider",
    "pushContextProvider",
  ],
  emptyContextObject: ["findCurrentUnmaskedContext", "getMaskedContext", "getUnmaskedContext"],
  null: [
    "getNextHydratableInstanceAfterSuspenseInstance",
    "getParentSuspenseInstance",
    "getSuspenseInstanceFromFiber",
    // Names of components in error messages.
    "getComponentNameFromFiber",
    "getComponentNameFromType",
    // The cache of the experimental channel.
    "getSuspendedCache",
    "peekCacheFromPool",
  ],
  true: ["completeDehydratedSuspenseBoundary"],
  '""': [
    // Stacks of components in error messages.
    "describeFiber",
    "describeBuiltInComponentFrame",
    "describeNativeComponentFrame",
  ],
  undefined: [
    "attemptExplicitHydrationTarget",
    "clearIfContinuousEvent",
    "commitHydratedContainer",
    "commitHydratedSuspenseInstance",
    "commitSuspenseHydrationCallbacks",
    "enterHydrationState",
    "mountDehydratedSuspenseComponent",
    "mountHostRootWithoutHydrating",
    "prepareToHydrateHostInstance",
    "prepareToHydrateHostSuspenseInstance",
    "prepareToHydrateHostTextInstance",
    "queueHydrationError",
    "reenterHydrationStateFromDehydratedSuspenseInstance",
    "registerMutableSourceForHydration",
    "resetHydrationState",
    "retryDehydratedSuspenseBoundary",
    "retryIfBlockedOn",
    "tryToClaimNextHydratableInstance",
    "updateDehydratedSuspenseComponent",
    // The context that classes had before createContext.
    "invalidateContextProvider",
    "popContext",
    "popTopLevelContextObject",
    "pushTopLevelContextObject",
    // Events that the page does not listen to: onBeforeInput, onCompositionStart and the like, onSelect.
    "constructSelectEvent",
    "extractBeforeInputEvent",
    "extractCompositionEvent",
    // The components <SuspenseList> and <unstable_Cache>.
    "cutOffTailIfNeeded",
    "refreshCache",
    "updateCacheComponent",
    "updateSuspenseListComponent",
    // Transitions and values that may lag behind: useTransition, useDeferredValue.
    "entangleTransitionUpdate",
    "entangleTransitions",
    "markRootEntangled",
    "mountDeferredValue",
    "mountTransition",
    "rerenderDeferredValue",
    "rerenderTransition",
    "startTransition",
    "updateDeferredValue",
    "updateTransition",
    // What is asked of classes that have more than render(), and of context by <Consumer>.
    "callComponentWillMount",
    "callComponentWillReceiveProps",
    "processChildContext",
    "updateContextConsumer",
    // <select>, and inputs of Internet Explorer.
    "getTargetInstForInputEventPolyfill",
    "handleEventsForInputEventPolyfill",
    "postMountWrapper$1",
    "postUpdateWrapper",
    "updateOptions",
    // Hydration of one part before another.
    "attemptContinuousHydration",
    "attemptHydrationAtCurrentPriority",
    "attemptSynchronousHydration",
    // Roots that createRoot did not make.
    "flushSyncCallbacksOnlyInLegacyMode",
    "resetSuspendedCurrentOnMountInLegacyMode",
    // React's developer tools.
    "injectIntoDevTools",
    "onCommitRoot",
    "onCommitUnmount",
  ],
};

/** The names that the page imports from a module. */
function imported(module) {
  const names = new Set();
  for (const file of sources) {
    const lists = readFileSync(file, "utf8").matchAll(/^import \{([^}]*)\} from "([^"]+)"/gm);
    for (const [, list, from] of lists) if (from === module) list.split(",").forEach((name) => names.add(name.trim()));
  }
  return names;
}

function withoutExports(code, kept) {
  return code.replace(/^exports\.(\w+) = \w+;\n/gm, (line, name) => (kept.has(name) ? line : ""));
}

const react = readFileSync(`${library}/react/cjs/react.production.min.js`, "utf8");
let dom = readFileSync(`${library}/react-dom/cjs/react-dom.production.min.js`, "utf8");
for (const [answer, names] of Object.entries(leftOut)) {
  for (const name of names) {
    const whole = new RegExp(`^function ${name.replace("$", "\\$")}\\([^]*?^\\}`, "m");
    if (!whole.test(dom)) console.warn(`react.mjs: this React has no ${name}`);
    dom = dom.replace(whole, () => `function ${name}() { return ${answer}; }`);
  }
}
// Every root is one of createRoot.
dom = dom.replace(/(?:\w+\.)?mode & ConcurrentMode\b/g, "ConcurrentMode");
// Attributes of SVG with a dash in their name: the page's icons get theirs from the style sheet.
dom = dom.replace(/^\['accent-height'[^\]]*\]/m, "[]");
dom = dom.replace(/\w+\.isDehydrated\b(?! =)/g, "false").replace(/(?:\w+\.)+dehydrated\b(?! =)/g, "null");

// Lists of names of which the page needs a few: events, attributes that are true or false, styles without a unit.
const words = new Set(sources.flatMap((file) => readFileSync(file, "utf8").match(/\w+/g) ?? []));
const handled = (name) => words.has(`on${name.charAt(0).toUpperCase()}${name.slice(1)}`);
const only = (list, isKept) => list.replace(/'(\w+)',? ?/g, (item, name) => (isKept(name) ? item : ""));
dom = dom.replace(/^const simpleEventPluginEvents = .*$/m, (line) => only(line, handled));
dom = dom.replace(/^\['allowFullScreen'[^]*?\]/m, (list) => only(list, (name) => words.has(name)));
dom = dom.replace(/^const isUnitlessNumber = \{[^]*?^\}/m, (list) =>
  list.replace(/^ +(\w+): true,?\n/gm, (line, name) => (words.has(name) ? line : "")),
);

mkdirSync(`${directory}/react`);
mkdirSync(`${directory}/react-dom`);
const internals = "__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED";
writeFileSync(`${directory}/react/index.js`, withoutExports(react, imported("react").add("Component").add(internals)));
writeFileSync(`${directory}/react/jsx-runtime.js`, readFileSync(`${library}/react/cjs/react-jsx-runtime.production.min.js`));
writeFileSync(`${directory}/react-dom/index.js`, withoutExports(dom, imported("react-dom").add("createRoot")));
writeFileSync(`${directory}/react-dom/client.js`, 'exports.createRoot = require("react-dom").createRoot;\n');
