import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { ahead } from "./ahead.ts";
import { compress } from "./compress.ts";
import { spoken } from "./spoken.ts";

const API = "http://127.0.0.1:8000";
const SHARED_BY = 6;

/**
 * The main pages. `npm run dev` (vite) proxies what is not a page to a running service. What every visit needs is two
 * files, which a browser reads beside each other, and what many pages have in common a third: it asks for six at a time,
 * and each takes its while.
 */
export default defineConfig({
  base: "/ui/",
  plugins: [react(), spoken(), ahead(), compress()],
  build: {
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 1600,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "react",
              test: /node_modules\/(react|react-dom|scheduler|react-router|@tanstack)\//,
              priority: 2,
            },
            { name: "first", tags: ["$initial"], priority: 1 },
            { name: "common", minShareCount: SHARED_BY },
          ],
        },
      },
    },
  },
  server: { proxy: Object.fromEntries(["/api", "/fhir", "/cds-services", "/docs"].map((path) => [path, API])) },
});
