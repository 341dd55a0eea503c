"""CDA documents (WS/T 500 shared documents) to FHIR resources."""
