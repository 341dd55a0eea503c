import { defineConfig } from "vite";
import { compress } from "./compress.ts";

/**
 * The clinician panel: plain scripts without modules or imports, for browsers that hospital systems brought along
 * years ago. Added to the folder that the main pages were built into.
 */
export default defineConfig({
  base: "/ui/",
  publicDir: false,
  plugins: [compress()],
  build: {
    target: "es2015",
    emptyOutDir: false,
    cssCodeSplit: false,
    lib: {
      entry: "src/panel/panel.ts",
      formats: ["iife"],
      name: "yigongPanel",
      fileName: () => "panel.js",
      cssFileName: "panel",
    },
  },
});
