/** Rules: the list, the editor of one, several as a table. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { Editor } from "./Editor";
import { List } from "./List";
import { TablePage } from "./TablePage";
import "../curation/curation.css";
import "./rules.css";

export { ahead } from "./Choosing";

export default function Rules(): ReactNode {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<Editor />} />
      <Route path="table" element={<TablePage />} />
      <Route path=":id" element={<Editor />} />
    </Routes>
  );
}
