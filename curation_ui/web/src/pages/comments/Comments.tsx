/** Prescription comment: rounds, the worksheet of one, what it comes to. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { ResultsPage } from "./ResultsPage";
import { Rounds } from "./Rounds";
import { Sheet } from "./Sheet";

export { ahead } from "./Rounds";

export default function Comments(): ReactNode {
  return (
    <Routes>
      <Route index element={<Rounds />} />
      <Route path=":round" element={<Sheet />} />
      <Route path=":round/results" element={<ResultsPage />} />
    </Routes>
  );
}
