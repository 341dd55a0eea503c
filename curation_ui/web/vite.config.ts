import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compress } from "./compress.ts";

const API = "http://127.0.0.1:8000";

/** The main pages. `npm run dev` (vite) proxies what is not a page to a running service. */
export default defineConfig({
  base: "/ui/",
  plugins: [react(), compress()],
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 1600, modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(["/api", "/fhir", "/cds-services", "/docs"].map((path) => [path, API])) },
});
