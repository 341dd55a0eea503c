/** What the parts of the page ask for. */
export const SCHEDULES = "GET /api/v1/reports/schedules";
export const RUNS = "GET /api/v1/reports/runs";
