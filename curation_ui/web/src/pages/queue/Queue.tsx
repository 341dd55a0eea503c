/** The pharmacist's queue, and what it comes to. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { FiguresPage } from "./FiguresPage";
import "./queue.css";
import { Work } from "./Work";

export { ahead } from "./desk";

export default function Queue(): ReactNode {
  return (
    <Routes>
      <Route index element={<Work />} />
      <Route path="figures" element={<FiguresPage />} />
    </Routes>
  );
}
