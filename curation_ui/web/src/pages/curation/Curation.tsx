/** Editing knowledge: the list, tables of rows, one record. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { List } from "./List";
import { NewArticle } from "./NewArticle";
import { NewConcept } from "./NewConcept";
import { NewSource } from "./NewSource";
import { RecordPage } from "./RecordPage";
import { TablePage } from "./TablePage";
import "./curation.css";

export { ahead } from "./List";

export default function Curation(): ReactNode {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="table/:name" element={<TablePage />} />
      <Route path="new-article" element={<NewArticle />} />
      <Route path="new-concept" element={<NewConcept />} />
      <Route path="new-source" element={<NewSource />} />
      <Route path=":kind/:id" element={<RecordPage />} />
    </Routes>
  );
}
