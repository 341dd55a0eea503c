"""HL7 v2 messages to FHIR resources; a module a family of message types."""
