export { formProblem, problemText } from "./problems";
export { messageSummary } from "./summary";
export { texts } from "./texts";
