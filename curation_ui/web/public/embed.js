/* Shows the clinician panel where this script stands: <script src=".../ui/embed.js" data-token="yp_..."></script>
   (with data-knowledge where the token was launched without a patient).
   yigongWriting(record, documentId) tells it what stands in the editor. */
(function () {
  var script = document.currentScript;
  var frame = document.createElement("iframe");
  var part = script.hasAttribute("data-knowledge") ? "?knowledge" : "";
  frame.src = script.src.replace(/\/embed\.js.*$/, "/panel") + part + "#" + script.getAttribute("data-token");
  frame.title = "临床决策支持";
  frame.style.width = script.getAttribute("data-width") || "100%";
  frame.style.height = script.getAttribute("data-height") || "640px";
  frame.style.border = "0";
  script.parentNode.insertBefore(frame, script);
  window.yigongWriting = function (record, documentId) {
    var said = { yigong: "writing", record: record, documentId: documentId };
    frame.contentWindow.postMessage(said, frame.src.replace(/^(\w+:\/\/[^/]+).*/, "$1"));
  };
})();
