// Every request of the server, to read and to try; nothing is asked of another site.
SwaggerUIBundle({
  dom_id: "#requests",
  url: "openapi.json",
  validatorUrl: null,
  deepLinking: true,
});
